package audit

import (
	"fmt"
	"reflect"
	"slices"

	"casemate/internal/sealed"
	"casemate/policy/filter"
)

// unsigned looks at sealed files alone: a text has no signature, and is not what boots.
func unsigned(v *view) {
	if !v.Sealed {
		return
	}
	if v.options.Keys != nil {
		if err := v.File.Verify(v.options.Keys); err != nil {
			v.found(Finding{Subject: "signature", Message: err.Error()})
		}
		return
	}
	if !v.File.Signed {
		v.found(Finding{Subject: "signature", Severity: Low, Message: "the sealed policy is not signed, and sound only inside a verity root"})
	}
}

// otherInputs compares a sealed policy with what its text compiles to now. Where an input
// explains a difference, the difference itself is not said again.
func otherInputs(v *view) {
	if !v.Sealed {
		return
	}
	now := map[string][32]byte{}
	for _, in := range v.Text.Policy.Inputs {
		now[in.Kind+" "+in.Name] = in.Digest
	}
	changed := false
	for _, in := range v.policy.Inputs {
		name := in.Kind + " " + in.Name
		digest, ok := now[name]
		switch {
		case ok && digest != in.Digest && in.Kind == "passwd":
			v.found(Finding{Subject: "input " + name, Severity: Low, Message: name + " has changed since, and names the same ids"})
		case ok && digest != in.Digest:
			changed = true
			v.found(Finding{Subject: "input " + name, Message: fmt.Sprintf("%s has changed since: sha256 %x was sealed, it is %x", name, in.Digest[:8], digest[:8])})
		case !ok && made(in.Kind):
			v.found(Finding{Subject: "input " + name, Severity: Low, Message: "it was compiled with " + name + ", which is not at hand"})
		case !ok:
			changed = true
			v.found(Finding{Subject: "input " + name, Message: name + " was sealed and is no input any more"})
		}
	}
	if section := differs(v.policy, v.Text.Policy); section != "" && !changed {
		v.found(Finding{Subject: "contents", Message: "its text compiles to another policy now: " + section + " differs"})
	}
}

// made are the kinds of inputs that are programs and tables: another version of one is
// no sign of a changed policy, and the comparison of the contents says whether it is.
func made(kind string) bool { return kind == "table" || kind == "compiler" || kind == "libseccomp" }

// differs names the first section in which two policies are not the same; "" for none.
// The bytes of filters are left out: SC-002 proves what they mean.
func differs(a, b *sealed.Policy) string {
	x, y := reflect.ValueOf(*a), reflect.ValueOf(*b)
	for i := range x.NumField() {
		name := x.Type().Field(i).Name
		if name == "Inputs" || name == "Filters" {
			continue
		}
		if !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			return name
		}
	}
	return ""
}

func missingArch(v *view) {
	for _, a := range filter.Arches() {
		if hasFilter(v.Text.Policy, a) && !hasFilter(v.policy, a) {
			v.found(Finding{Subject: "arch " + string(a), At: v.at("arch"), Message: "there is no filter for " + string(a)})
		}
	}
}

func hasFilter(p *sealed.Policy, a filter.Arch) bool {
	return slices.ContainsFunc(p.Filters, func(f sealed.Filter) bool { return f.Arch == a.AuditArch() })
}

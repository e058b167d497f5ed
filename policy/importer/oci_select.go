package importer

import (
	"slices"
	"strconv"
	"strings"

	"casemate/policy/filter"
)

// applies says why a rule does not apply to this import; "" when it does. A rule that
// denies applies wherever it might.
func (p *profile) applies(o *object, allow bool) string {
	in, out := p.object(o.at("includes")), p.object(o.at("excludes"))
	done(append(o.at("includes").leaves(), o.at("excludes").leaves()...)...)
	for _, f := range []*object{in, out} {
		if f != nil {
			p.extra(f, "caps", "arches", "minKernel")
		}
	}
	if why := p.byCaps(in, out); why != "" {
		return why
	}
	if why := p.byArches(o); why != "" {
		return why
	}
	return p.byKernel(in, out, allow)
}

func (p *profile) byCaps(in, out *object) string {
	var missing []string
	for _, c := range p.texts(in.at("caps")) {
		if !slices.Contains(p.o.Caps, capability(c)) {
			missing = append(missing, "--cap "+capability(c))
		}
	}
	if len(missing) > 0 {
		return "only with " + strings.Join(missing, " ")
	}
	for _, c := range p.texts(out.at("caps")) {
		if slices.Contains(p.o.Caps, capability(c)) {
			return "not with --cap " + capability(c)
		}
	}
	return ""
}

// capability gives a name as this language has it.
func capability(name string) string { return strings.TrimPrefix(strings.ToUpper(name), "CAP_") }

// byArches says so when a rule holds on none of the architectures of the policy.
func (p *profile) byArches(o *object) string {
	if len(p.elsewhere(o)) == len(p.calls.arches) {
		return "for other architectures"
	}
	return ""
}

// elsewhere gives the architectures of the policy on which a rule does not hold.
func (p *profile) elsewhere(o *object) []filter.Arch {
	included, excluded := p.texts(o.at("includes", "arches")), p.texts(o.at("excludes", "arches"))
	var not []filter.Arch
	for _, a := range p.calls.arches {
		if len(included) > 0 && !slices.Contains(included, string(a)) || slices.Contains(excluded, string(a)) {
			not = append(not, a)
		}
	}
	return not
}

func (p *profile) byKernel(in, out *object, allow bool) string {
	if least := in.at("minKernel"); least != nil && allow {
		if !p.atLeast(least) {
			return "only with --kernel " + p.text(least) + " or later"
		}
	}
	if below := out.at("minKernel"); below != nil && allow {
		if p.o.Kernel == "" || p.atLeast(below) {
			return "only with --kernel before " + p.text(below)
		}
	}
	return ""
}

// atLeast compares the kernel of the command line; one that is not stated is none.
func (p *profile) atLeast(o *object) bool {
	want, ok := kernelVersion(p.text(o))
	if !ok {
		p.fail(o, "not a version of the kernel")
		return false
	}
	have, ok := kernelVersion(p.o.Kernel)
	return ok && slices.Compare(have, want) >= 0
}

// kernelVersion reads the first two numbers.
func kernelVersion(s string) ([]uint64, bool) {
	parts := strings.SplitN(s, ".", 3)
	if len(parts) < 2 {
		return nil, false
	}
	var v []uint64
	for _, part := range parts[:2] {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return nil, false
		}
		v = append(v, n)
	}
	return v, true
}

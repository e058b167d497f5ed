package importer

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
	"sync"

	"casemate/policy/base"
	"casemate/policy/filter"
)

//go:embed systemd_groups.txt
var systemdGroupText string

// systemdGroups are the groups of calls that units name, with groups in them.
var systemdGroups = sync.OnceValue(func() map[string][]string {
	all := map[string][]string{}
	name := ""
	for line := range strings.Lines(systemdGroupText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if strings.HasPrefix(line, "@") {
			name, fields = fields[0], fields[1:]
		}
		all[name] = append(all[name], fields...)
	}
	return all
})

var knownCalls = sync.OnceValue(filter.Names)

// unitCalls is what the filter keys of a unit say together.
type unitCalls struct {
	allowed map[string]bool
	deny    bool // the list is one of denied calls
	denied  map[string]bool
	soft    map[string]bool // denied with an error
}

// filters carries the system call filter over.
func (u *service) filters() {
	d := u.d
	u.calls = unitCalls{allowed: map[string]bool{}, denied: map[string]bool{}, soft: map[string]bool{}}
	u.architectures()
	all := u.values["SystemCallFilter"]
	for i, one := range all {
		u.filterLine(one, i == 0)
	}
	u.restrictions()
	if one, ok := u.last("SystemCallErrorNumber"); ok {
		u.errorNumber(one)
	} else if len(all) > 0 && !u.calls.deny {
		d.set("seccomp.default", "kill")
	}
	switch {
	case len(all) == 0 || u.calls.deny && !u.o.Invert:
		u.fromBase(len(all) > 0 || u.calls.denied["socket"])
	case u.calls.deny:
		for _, name := range filter.Names() {
			u.calls.allowed[name] = true
		}
		u.named()
	default:
		for _, name := range expand("@default") {
			u.calls.allowed[name] = true
		}
		u.named()
	}
	u.conditions()
}

// filterLine reads one SystemCallFilter=. The first one says whether the list is of
// allowed or of denied calls; a later one of the other kind takes away.
func (u *service) filterLine(one directive, first bool) {
	list, inverted := strings.CutPrefix(one.value, "~")
	if first {
		u.calls.deny = inverted
	}
	for word := range strings.FieldsSeq(list) {
		name, errno, has := strings.Cut(word, ":")
		if has {
			u.d.note("seccomp", name+" answers "+errno+" in the source; all denied calls answer seccomp.default")
		}
		members := expand(name)
		switch {
		case len(members) == 0 && inverted:
			u.d.lost("seccomp", "not a group or call that is known here: "+name, one.item)
			continue
		case len(members) == 0:
			u.d.skip("seccomp", "not a group or call that is known here: "+name+"; it is not allowed", one.item)
			continue
		}
		for _, call := range members {
			// With an error an entry of an allowing list denies.
			u.calls.state(call, inverted || has && !u.calls.deny)
			u.calls.soft[call] = has && errno != "kill"
		}
	}
	done(one.item)
}

func (c *unitCalls) state(call string, denied bool) {
	if denied {
		c.denied[call] = true
		delete(c.allowed, call)
		return
	}
	c.allowed[call] = true
	delete(c.denied, call)
}

// expand gives the calls of a group or the call itself; none for what is not known.
func expand(name string) []string {
	if !strings.HasPrefix(name, "@") {
		if filter.Known(name) {
			return []string{name}
		}
		return nil
	}
	var all []string
	if name == "@known" {
		return knownCalls()
	}
	for _, member := range systemdGroups()[name] {
		all = append(all, expand(member)...)
	}
	return all
}

func (u *service) architectures() {
	for _, one := range u.values["SystemCallArchitectures"] {
		if one.value == "native" {
			u.d.hold("seccomp", one.item)
			continue
		}
		u.d.skip("seccomp", "calls of other architectures than the machine's are killed", one.item)
	}
}

func (u *service) errorNumber(one directive) {
	number := errnoNumber(one.value)
	word, ok := errnoWord(number)
	switch {
	case one.value == "kill":
		word, ok = "kill", true
	case !ok:
		word = "EPERM"
		u.d.skip("seccomp", "denied calls answer EPERM, EACCES or ENOSYS; they answer EPERM", one.item)
	}
	u.d.set("seccomp.default", word)
	done(one.item)
}

// deniedBy are the calls that other restrictions take.
var deniedBy = map[string][]string{
	"ProtectClock": {"@clock"}, "ProtectKernelModules": {"@module"}, "ProtectKernelLogs": {"syslog"},
	"ProtectHostname": {"sethostname", "setdomainname"}, "PrivateDevices": {"@raw-io"}, "LockPersonality": {"personality"},
}

// restrictions takes the calls that keys beside the filter deny.
func (u *service) restrictions() {
	for key, names := range deniedBy {
		if !u.is(key) {
			continue
		}
		for _, name := range names {
			for _, call := range expand(name) {
				u.calls.state(call, true)
			}
		}
	}
	if f, stated := u.readFamilies(); stated && f.noSockets() {
		u.calls.state("socket", true)
	}
	if u.is("RestrictRealtime") {
		u.calls.state("sched_setattr", true) // its policy is behind a pointer
	}
	if one, ok := u.last("RestrictNamespaces"); ok && !isOff(one.value) {
		u.calls.state("unshare", true)
		u.calls.state("setns", true)
		delete(u.calls.allowed, "clone") // init's condition holds: no new namespaces
	}
}

// named lists the calls that the unit allows one by one.
func (u *service) named() {
	var all []string
	here := newCalls(u.o.Arches)
	for name := range u.calls.allowed {
		if name != clone3 && !u.calls.denied[name] && here.here(name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	u.d.set("seccomp.allow", []any{})
	u.d.add("seccomp.allow", all...)
	if u.calls.allowed[clone3] && !u.calls.denied[clone3] {
		u.d.note("seccomp", "clone3 is never allowed; it answers ENOSYS, and C libraries fall back to clone")
	}
}

// fromBase takes the calls of base/daemon, and of base/tcp-server for the families that
// it serves, less those that the unit denies.
func (u *service) fromBase(denying bool) {
	d := u.d
	bases := []string{"base/daemon", "base/tcp-server"}
	if !denying {
		d.set("extends", list(bases))
		d.note("seccomp", "the unit has no list of allowed calls; base/daemon and base/tcp-server grant what services commonly call")
		return
	}
	d.note("seccomp", "what denies calls has no counterpart without a list of allowed ones: allowed are the calls of base/daemon and base/tcp-server less those that the unit denies; --invert would allow all others")
	conditions := map[string][]string{}
	for _, name := range daemonGroups {
		g, ok := base.FindGroup(name)
		if !ok {
			continue
		}
		if !slices.ContainsFunc(g.Calls, func(c string) bool { return u.calls.denied[c] }) {
			d.add("seccomp.allow", name)
			continue
		}
		for _, call := range g.Calls {
			if u.calls.denied[call] || !filter.Known(call) {
				continue
			}
			d.add("seccomp.allow", call)
			conditions[call] = append(conditions[call], g.When[call])
		}
	}
	for call := range conditions {
		// A call that is named is free of the groups' conditions unless one is stated.
		if when := groupCondition(call); when != "" && !slices.Contains(filter.InitSet(), call) {
			d.entry("seccomp.when", call, when)
		}
	}
	for _, call := range []string{"clone", "prctl"} { // init's own conditions hold
		d.drop("seccomp.allow", call)
	}
	if _, soft := u.last("SystemCallErrorNumber"); !soft && u.calls.deny {
		u.kills()
	}
}

// kills lists what the unit kills for.
func (u *service) kills() {
	for _, call := range slices.Sorted(maps.Keys(u.calls.denied)) {
		if call != clone3 && !u.calls.soft[call] && !slices.Contains(filter.InitSet(), call) {
			u.d.add("seccomp.kill", call)
		}
	}
}

// daemonGroups are those of the two bases.
var daemonGroups = []string{
	"@default", "@io", "@file-read", "@file-write", "@memory", "@process", "@signals", "@threads", "@time", "@unix-socket", "@net-server",
}

// granted tells whether the draft allows a call.
func (u *service) granted(call string) bool {
	has := func(groups []string) bool {
		return slices.ContainsFunc(groups, func(name string) bool {
			g, ok := base.FindGroup(name)
			return name == call || ok && slices.Contains(g.Calls, call)
		})
	}
	if u.d.get("extends") != nil {
		return has(daemonGroups)
	}
	return has(u.d.list("seccomp.allow"))
}

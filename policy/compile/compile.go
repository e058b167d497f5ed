package compile

import (
	"fmt"

	"casemate/internal/sealed"
	"casemate/policy/filter"
	"casemate/policy/syntax"
)

// Options say where names of users and groups come from.
type Options struct {
	Passwd string // default /etc/passwd
	Group  string // default /etc/group
}

// compiler carries one compilation through the rooms. Rooms report what is wrong
// and go on, so that one run names every fault.
type compiler struct {
	file     *syntax.File // with its bases merged in
	name     string       // of the policy's own file, as positions have it
	source   *source
	errs     syntax.Errors
	out      *sealed.Policy
	rules    filter.Rules
	needed   map[string]bool // keys of [why] that some grant needs
	lacks    []Need          // those of them that have no reason
	proofs   []Proved
	warnings []string
	broken   error // a filter that is not what the policy declares

	passwd, group *accounts

	joined bool // a network namespace that is there already
}

// Result is a compiled policy, with what it was compiled from: those who judge it
// name the line that a person has to change.
type Result struct {
	Policy   *sealed.Policy
	Rules    filter.Rules // what the filters of Policy are proved to mean
	Proofs   []Proved
	Warnings []string     // of compilers whose programs were put aside
	Text     *syntax.File // with its bases merged in

	Reasons map[string]string // of [why], those that a grant needs
}

// Compile reads the policy at path, resolves it, and proves its filters. Errors of the
// policy are syntax.Errors; a filter that is not what the policy declares is an
// *exit.Error with exit.ToolProof; others are of the files that were to be read.
func Compile(path string, o Options) (*Result, error) { return newCompiler(path, o).compile() }

// Need is a reason that a policy does not give.
type Need struct {
	Key    string // as [why] has it
	Danger string // what the grant opens
}

// Judge compiles a text that is not in a file yet, under the name that it would have,
// and gives the reasons that it lacks beside all that Compile would say.
func Judge(path string, text []byte, o Options) ([]Need, error) {
	c := newCompiler(path, o)
	c.source.text = text
	_, err := c.compile()
	return c.lacks, err
}

func newCompiler(path string, o Options) *compiler {
	return &compiler{
		name: path, source: newSource(path), out: new(sealed.Policy), needed: map[string]bool{},
		passwd: newAccounts("passwd", orDefault(o.Passwd, "/etc/passwd")),
		group:  newAccounts("group", orDefault(o.Group, "/etc/group")),
	}
}

func (c *compiler) compile() (*Result, error) {
	layer, err := c.source.load()
	if err != nil {
		return nil, err
	}
	c.file, c.errs = layer.file, c.source.errs
	for _, room := range c.rooms(layer) {
		if !c.file.Unsure(room.reads...) {
			room.run()
		}
	}
	if c.broken != nil {
		return nil, c.broken
	}
	if err := c.errs.Err(); err != nil {
		return nil, err
	}
	c.inputs()
	if err := sealed.Validate(c.out); err != nil {
		return nil, fmt.Errorf("BUG: %s: the compiler made a policy that cannot be sealed: %w", c.name, err)
	}
	return &Result{Policy: c.out, Rules: c.rules, Proofs: c.proofs, Warnings: c.warnings, Text: c.file, Reasons: c.reasons()}, nil
}

// room is one section's resolution.
type room struct {
	run func()
	// reads are the keys without which it would say of another what is not true: that it is
	// missing, or does not fit. Where one of them could not be read, the room has no say.
	reads []string
}

// What several rooms look at.
var (
	treeKeys   = []string{"root", "mounts", "namespaces", "network"}
	filterKeys = []string{"arch", "seccomp.allow"}
)

// rooms gives all of them, in their order: what one resolves, later ones look at.
func (c *compiler) rooms(top *layer) []room {
	reads := func(keys ...string) []string { return keys }
	return []room{
		{c.names, reads("service")},
		{c.identity, nil},
		{c.argv, reads("exec.argv")},
		{c.exec, nil},
		{c.user, reads("exec.user", "exec.group", "namespaces.user")},
		{c.env, nil},
		{c.rlimits, nil},
		{c.root, reads("root.path", "root.image", "namespaces.user")},
		{c.namespaces, reads("namespaces.share")},
		{c.hostname, reads("namespaces.share", "service")},
		{c.manager, nil},
		{c.mounts, reads("mounts.sysfs", "namespaces.share", "namespaces.user")},
		{c.masks, append(reads("exec.argv", "exec.cwd"), treeKeys...)},
		{c.capabilities, reads("capabilities.keep")},
		{c.apparmor, reads("lsm.apparmor", "service")},
		{c.selinux, reads("lsm.selinux", "service")},
		{c.cgroup, nil},
		{c.devices, nil},
		{c.signals, reads("signals.forward", "signals.stop")},
		{c.grace, nil},
		{c.waivers, nil},
		{func() { c.seccomp(top) }, filterKeys},
		{c.landlock, append(append(reads("lsm.landlock"), treeKeys...), filterKeys...)},
		{c.memFD, filterKeys},
		{c.whys, nil},
		{c.profile, nil},
	}
}

// fail records a fault at the value under a path of keys; see syntax.File.Find.
func (c *compiler) fail(p syntax.Position, token, hint, format string, args ...any) {
	if p.Line == 0 {
		p = syntax.Position{File: c.name, Line: 1, Col: 1}
	}
	c.errs.Add(p, token, hint, format, args...)
}

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// given is *v, or what stands in for an absent key.
func given[T any](v *T, otherwise T) T {
	if v == nil {
		return otherwise
	}
	return *v
}

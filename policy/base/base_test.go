package base_test

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"casemate/policy/base"
	"casemate/policy/filter"
	"casemate/policy/syntax"
)

func TestBases(t *testing.T) {
	for _, want := range []string{"base/batch", "base/daemon", "base/minimal", "base/tcp-server"} {
		if !slices.Contains(base.Names(), want) {
			t.Errorf("no %s", want)
		}
	}
	for _, name := range base.Names() {
		text, ok := base.Text(name)
		if !ok || !strings.HasPrefix(string(text), "# "+name+": ") {
			t.Errorf("%s does not begin by saying what it is for", name)
		}
		if _, err := syntax.Parse(name, text); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"daemon", "base/masks", "base/nothing", "base/groups/io", "base/../base/daemon", ""} {
		if _, ok := base.Text(name); ok {
			t.Errorf("there is a base %q", name)
		}
	}
}

func TestGroups(t *testing.T) {
	for _, name := range base.Groups() {
		g, ok := base.FindGroup(name)
		if !ok || g.About == "" || len(g.Calls) == 0 {
			t.Fatalf("%s: %+v", name, g)
		}
		seen := map[string]bool{}
		for _, call := range g.Calls {
			if !filter.Known(call) {
				t.Errorf("%s: unknown call %s", name, call)
			}
			if seen[call] {
				t.Errorf("%s: %s twice", name, call)
			}
			seen[call] = true
		}
		for call, when := range g.When {
			if !seen[call] {
				t.Errorf("%s: a condition on %s, which it does not grant", name, call)
			}
			for _, arch := range filter.Arches() {
				if _, here := filter.Number(arch, call); !here {
					continue
				}
				if e, err := filter.ParseExpr(call, when); err != nil {
					t.Errorf("%s: %s: %v", name, call, err)
				} else if _, err := e.Tree(arch); err != nil {
					t.Errorf("%s: %s on %s: %v", name, call, arch, err)
				}
			}
		}
	}
	for _, name := range []string{"io", "@nothing", "@../minimal", "@"} {
		if _, ok := base.FindGroup(name); ok {
			t.Errorf("there is a group %q", name)
		}
	}
}

// A program that can be loaded can also end.
func TestEssentials(t *testing.T) {
	g, _ := base.FindGroup("@default")
	for _, call := range []string{"exit", "exit_group", "rt_sigreturn", "restart_syscall"} {
		if !slices.Contains(g.Calls, call) {
			t.Errorf("@default lacks %s", call)
		}
	}
}

var maskPath = regexp.MustCompile(`^/(proc|sys)/`)

func TestMasks(t *testing.T) {
	m := base.Masks()
	all := append(slices.Clone(m.Mask), m.Readonly...)
	for i, p := range all {
		if path.Clean(p) != p || !maskPath.MatchString(p) {
			t.Errorf("%s is no clean path of proc or sysfs", p)
		}
		for _, other := range all[:i] {
			if p == other || strings.HasPrefix(p, other+"/") || strings.HasPrefix(other, p+"/") {
				t.Errorf("%s and %s", p, other)
			}
		}
	}
	for _, p := range []string{"/proc/kcore", "/proc/keys", "/proc/sysrq-trigger", "/sys/firmware"} {
		if !slices.Contains(m.Mask, p) {
			t.Errorf("%s is not masked", p)
		}
	}
	if !slices.Contains(m.Readonly, "/proc/sys") {
		t.Error("/proc/sys can be written")
	}
}

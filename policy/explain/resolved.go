package explain

import (
	"fmt"
	"slices"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/filter"
	"casemate/policy/syntax"
)

// resolved states what the compiler has found: numbers of accounts, and its defaults.
func (f *flat) resolved(s *Subject) {
	p := s.Policy
	e := &p.Exec
	f.replace(syntax.QuoteText(fmt.Sprint(e.UID)), "exec", "user")
	f.replace(syntax.QuoteText(fmt.Sprint(e.GID)), "exec", "group")
	f.replace(tomlList(strings.Fields(strings.Trim(fmt.Sprint(e.Groups), "[]"))), "exec", "groups")
	f.put(syntax.QuoteText(e.Cwd), "exec", "cwd")
	f.put(syntax.QuoteText(fmt.Sprintf("%04o", e.Umask)), "exec", "umask")
	for _, v := range e.Env {
		name, value, _ := strings.Cut(v, "=")
		f.put(syntax.QuoteText(value), "exec", "env", name)
	}
	for _, r := range e.Rlimits {
		if r.At == "default" {
			f.put(syntax.QuoteText(fmt.Sprintf("%d:%d", r.Soft, r.Hard)), "exec", "rlimits", rlimitNames[r.Resource])
		}
	}
	var arches []string
	for _, arch := range filter.Arches() {
		if filterOf(p, arch) != nil {
			arches = append(arches, string(arch))
		}
	}
	f.put(tomlList(arches), "arch")
	if p.Namespaces.Hostname != "" {
		f.put(syntax.QuoteText(p.Namespaces.Hostname), "namespaces", "hostname")
	}
	f.put(syntax.QuoteText(procWord(p)), "mounts", "proc")
	f.put(syntax.QuoteText(word(has(p, sealed.Dev), "minimal", "none")), "mounts", "dev")
	f.put("[]", "capabilities", "keep")
	f.put(syntax.QuoteText(actionWord(s.Rules.Default)), "seccomp", "default")
	f.put(syntax.QuoteText(actionWord(s.Rules.Unknown)), "seccomp", "unknown")
	f.put(syntax.QuoteText(actionWord(s.Rules.BadArch)), "seccomp", "bad_arch")
	f.binds(p)
	f.tmpfs(p)
}

// rlimitNames of those that have a default.
var rlimitNames = map[uint32]string{4: "core", 7: "nofile"}

func has(p *sealed.Policy, kind sealed.MountKind) bool {
	return slices.ContainsFunc(p.Mounts, func(m sealed.Mount) bool { return m.Kind == kind })
}

// procWord is the procfs as mounts.proc has it.
func procWord(p *sealed.Policy) string {
	if slices.ContainsFunc(p.Mounts, func(m sealed.Mount) bool { return m.PIDOnly }) {
		return "pid-only"
	}
	return word(has(p, sealed.Proc), "masked", "none")
}

func word(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

// actionWord is an action as policies write it.
func actionWord(a filter.Action) string {
	if a == filter.ActionKillProcess {
		return "kill"
	}
	return verdict(a)
}

// binds states sources that are beside the policy by where they are: the text may be
// kept elsewhere.
func (f *flat) binds(p *sealed.Policy) {
	list := f.find([]string{"mounts", "bind"})
	if list == nil {
		return
	}
	for _, n := range list.List {
		from, _ := n.Get("from").Value.(string)
		if !strings.HasPrefix(from, "./") {
			continue
		}
		for i := range p.Mounts {
			if at := n.Get("at"); at != nil && p.Mounts[i].Target == at.Value {
				n.Get("from").Value = p.Mounts[i].Source
			}
		}
	}
}

// tmpfs states the bounds that were left to the compiler.
func (f *flat) tmpfs(p *sealed.Policy) {
	list := f.find([]string{"mounts", "tmpfs"})
	if list == nil {
		return
	}
	for _, n := range list.List {
		for i := range p.Mounts {
			m := &p.Mounts[i]
			if m.Target != n.Get("at").Value {
				continue
			}
			for key, value := range map[string]any{"size": fmt.Sprint(m.Size), "inodes": int64(m.Inodes), "mode": fmt.Sprintf("%04o", m.Mode)} {
				if n.Get(key) == nil {
					n.Table[key] = &syntax.Node{Value: value}
				}
			}
		}
	}
}

package compile

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/base"
	"casemate/policy/filter"
	"casemate/policy/seccomp"
	"casemate/policy/syntax"
)

// initGroup is what init needs after the filter is installed. It is in every policy.
const initGroup = "@casemate-init"

// initWhen narrows calls of init's to what init does with them, so that they do not open
// to every workload what the groups keep closed: new namespaces, the rest of prctl(2),
// filters that listen or switch a mitigation off.
var initWhen = map[string]string{
	"clone":   "flags & @CLONE_NEW == 0",
	"prctl":   "option in {PR_SET_NAME, PR_SET_VMA, PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_GET_SECUREBITS, PR_GET_MDWE}",
	"seccomp": "op == SECCOMP_SET_MODE_FILTER && flags == SECCOMP_FILTER_FLAG_TSYNC",
}

// grant is an allowed call.
type grant struct {
	at    syntax.Position // of the policy's line that allows it, or states its condition
	group string          // the group it came by, where it was not named
	named bool            // the policy names it
	own   bool            // the policy states its condition
	when  map[string]bool // conditions, any of which suffices; "" is none at all
}

// text joins the conditions; "" for none.
func (g *grant) text() string {
	texts := sorted(slices.Collect(maps.Keys(g.when)))
	switch {
	case texts[0] == "":
		return ""
	case len(texts) == 1:
		return texts[0]
	}
	return "(" + strings.Join(texts, ") || (") + ")"
}

// where says what allowed the call.
func (g *grant) where() string {
	switch {
	case g.at.Line == 0:
		return g.group
	case g.group != "":
		return at(g.at) + " " + g.group
	}
	return at(g.at)
}

// failure is compiler.fail, or something that forgets.
type failure func(p syntax.Position, token, hint, format string, args ...any)

// granted expands allow of a file: names, groups, and the group of init. A call
// that several groups grant may be made when the condition of any of them holds.
func (c *compiler) granted(f *syntax.File, fail failure) map[string]*grant {
	all := map[string]*grant{}
	add := func(name, when, group string, p syntax.Position) {
		g := all[name]
		if g == nil {
			g = &grant{at: p, group: group, when: map[string]bool{}}
			all[name] = g
		}
		g.when[when] = true
		if group == "" {
			g.named, g.group, g.at = true, "", p
		}
	}
	for i, entry := range f.Seccomp.Allow {
		p := f.Pos("seccomp.allow", i)
		group, isGroup := base.FindGroup(entry)
		switch {
		case isGroup:
			for _, name := range group.Calls {
				add(name, group.When[name], entry, p)
			}
		case strings.HasPrefix(entry, "@"):
			fail(p, entry, orDefault(syntax.DidYouMean(entry, base.Groups()), "there are "+strings.Join(base.Groups(), ", ")), "unknown group of system calls")
		case entry == "clone3":
			fail(p, entry, "remove it: C libraries fall back to clone", "clone3 is never allowed, no filter can see its flags")
		case !filter.Known(entry):
			fail(p, entry, didYouMean(filter.Suggest(entry)), "unknown system call")
		default:
			add(entry, "", "", p)
		}
	}
	for _, name := range filter.InitSet() {
		add(name, initWhen[name], initGroup, syntax.Position{})
	}
	return all
}

func (c *compiler) unknownCall(name string, p syntax.Position) {
	c.fail(p, name, didYouMean(filter.Suggest(name)), "unknown system call")
}

func didYouMean(word string) string {
	if word == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", word)
}

// inputs records what the policy was made from, besides the files: the groups it
// names, the tables, and the programs that made it.
func (c *compiler) inputs() {
	in := c.source.inputs
	named := func(kind, name string) sealed.Input {
		return sealed.Input{Kind: kind, Name: name, Digest: sha256.Sum256([]byte(name))}
	}
	for _, entry := range c.file.Seccomp.Allow {
		if g, ok := base.FindGroup(entry); ok {
			in = append(in, sealed.Input{Kind: "group", Name: g.Name, Digest: g.Digest})
		}
	}
	set := sha256.Sum256(fmt.Append(nil, filter.InitSet(), initWhen))
	in = append(in,
		sealed.Input{Kind: "group", Name: initGroup, Digest: set},
		sealed.Input{Kind: "table", Name: "syscalls of golang.org/x/sys " + filter.TableVersion, Digest: filter.TableDigest()},
		named("compiler", "casemate "+Version),
		named("libseccomp", seccomp.LibraryVersion()),
	)
	kinds := []string{"text", "base", "group", "passwd", "table", "compiler", "libseccomp", "apparmor"}
	slices.SortFunc(in, func(a, b sealed.Input) int {
		if d := slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	c.out.Inputs = in
}

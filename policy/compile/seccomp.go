package compile

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/danger"
	"casemate/policy/filter"
	"casemate/policy/seccomp"
	"casemate/policy/syntax"
)

// seccomp resolves the system calls and has a filter compiled and proved for each
// architecture.
func (c *compiler) seccomp(top *layer) {
	arches := c.arches()
	granted := c.granted(c.file, c.fail)
	c.conditions(granted)
	c.agree(top)
	c.existing(granted, arches)
	c.dangers(granted)
	rules := filter.Rules{Allow: c.allowed(granted, arches), Kill: c.kills(granted)}
	rules.Default = c.action("seccomp.default", c.file.Seccomp.Default, "EPERM")
	rules.Unknown = c.action("seccomp.unknown", c.file.Seccomp.Unknown, "ENOSYS")
	rules.BadArch = c.action("seccomp.bad_arch", c.file.Seccomp.BadArch, "kill")
	c.rules = rules
	c.terminal(rules, arches)
	if len(c.errs) > 0 {
		return // a filter of half a policy would only add errors that follow from others
	}
	for _, arch := range arches {
		programs, err := seccomp.Compile(arch, rules)
		if err != nil {
			c.fail(c.file.KeyPos("seccomp"), string(arch), "", "the filter cannot be compiled: %v", err)
			continue
		}
		good := c.proved(arch, programs)
		if len(good) == 0 {
			return // said by proved
		}
		p := shortest(good)
		c.out.Filters = append(c.out.Filters, sealed.Filter{Arch: arch.AuditArch(), Program: p.Bytes, By: p.By})
	}
}

// shortest is the program to seal: all mean the same.
func shortest(programs []seccomp.Program) seccomp.Program {
	return slices.MinFunc(programs, func(a, b seccomp.Program) int { return cmp.Compare(a.Instructions(), b.Instructions()) })
}

// arches gives the architectures, in the order of the sealed policy.
func (c *compiler) arches() []filter.Arch {
	if len(c.file.Arch) == 0 {
		return filter.Arches()
	}
	seen := map[filter.Arch]bool{}
	for i, name := range c.file.Arch {
		arch, err := filter.ParseArch(name)
		if err != nil || seen[arch] {
			c.fail(c.file.Pos("arch", i), name, "amd64 is x86_64, arm64 is aarch64", "listed twice")
		}
		seen[arch] = true
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b filter.Arch) int { return cmp.Compare(a.AuditArch(), b.AuditArch()) })
}

func (c *compiler) action(key string, word *string, otherwise string) filter.Action {
	a, err := filter.ParseAction(given(word, otherwise))
	if err != nil {
		c.fail(c.file.Pos(key), *word, "", "%v", err)
	}
	return a
}

// conditions puts the policy's own conditions over those of groups. A condition
// narrows what is allowed and allows nothing itself: a policy's reader finds every
// granted call under allow.
func (c *compiler) conditions(granted map[string]*grant) {
	for _, name := range c.file.Find("seccomp.when").Keys() {
		n := c.file.Find("seccomp.when", name)
		g := granted[name]
		switch {
		case !filter.Known(name):
			c.unknownCall(name, n.Key)
		case slices.Contains(filter.InitSet(), name):
			c.fail(n.Key, name, "leave it out", "a condition on a call that init itself needs (@casemate-init)")
		case g == nil:
			c.fail(n.Key, name, "add it, or a group with it, to allow", "a condition on a call that is not allowed")
		default:
			g.when, g.own, g.at = map[string]bool{c.file.Seccomp.When[name]: true}, true, n.Pos
		}
	}
}

// agree refuses bases of which one grants a call freely and another under a
// condition, unless the policy states the condition itself: the union of the two
// is not what the second one's author meant, and its opposite not what the first did.
func (c *compiler) agree(l *layer) {
	ignore := func(syntax.Position, string, string, string, ...any) {}
	for name := range l.file.Seccomp.When {
		if _, restated := l.own.Seccomp.When[name]; restated {
			continue
		}
		for _, b := range l.bases {
			if g := c.granted(b.file, ignore)[name]; g != nil && b.file.Seccomp.When[name] == "" {
				c.fail(l.own.Pos("extends"), name, "state seccomp.when."+name+" in this file",
					"two bases differ, %s allows the call without the condition of %s", at(g.at), at(l.file.Pos("seccomp.when", name)))
			}
		}
	}
	for _, b := range l.bases {
		c.agree(b)
	}
}

// existing refuses a call named by the policy that none of its architectures has.
// Groups serve all architectures and may hold what one of them lacks.
func (c *compiler) existing(granted map[string]*grant, arches []filter.Arch) {
	for _, name := range slices.Sorted(maps.Keys(granted)) {
		here := slices.ContainsFunc(arches, func(a filter.Arch) bool { _, ok := filter.Number(a, name); return ok })
		if granted[name].named && !here {
			c.fail(granted[name].at, name, "remove it", "no such call on any of the policy's architectures")
		}
	}
}

// dangers demands reasons. What groups grant is safe under their conditions.
func (c *compiler) dangers(granted map[string]*grant) {
	for _, name := range slices.Sorted(maps.Keys(granted)) {
		g := granted[name]
		call, ok := danger.Calls[name]
		if ok && (g.named || g.own) && !(call.Narrowed && (g.own || c.file.Unsure("seccomp.when."+name))) {
			c.need("seccomp."+name, g.at, call.Why)
		}
	}
}

// allowed gives the rules of what is granted, with their conditions parsed.
func (c *compiler) allowed(granted map[string]*grant, arches []filter.Arch) map[string]filter.Rule {
	allow := map[string]filter.Rule{}
	for _, name := range slices.Sorted(maps.Keys(granted)) {
		g := granted[name]
		rule := filter.Rule{At: g.where()}
		if text := g.text(); text != "" {
			rule.When = c.expression(name, text, g, arches)
			c.widened(name, g, rule.When, arches)
		}
		allow[name] = rule
	}
	return allow
}

// expression parses one condition, for each architecture that has the call.
func (c *compiler) expression(name, text string, g *grant, arches []filter.Arch) *filter.Expr {
	e, err := filter.ParseExpr(name, text)
	for _, arch := range arches {
		if _, here := filter.Number(arch, name); here && err == nil {
			_, err = e.Tree(arch)
		}
	}
	var fault *filter.ExprError
	if errors.As(err, &fault) {
		p := g.at
		if g.own {
			p.Col += 1 + fault.Offset // after the quote
		}
		c.fail(p, fault.Token, fault.Hint, "the condition of %s: %s", name, fault.Problem)
	} else if err != nil {
		c.fail(g.at, text, "", "the condition of %s: %v", name, err)
	}
	return e
}

// kills checks the calls that kill.
func (c *compiler) kills(granted map[string]*grant) map[string]string {
	kill := map[string]string{}
	for i, name := range c.file.Seccomp.Kill {
		p := c.file.Pos("seccomp.kill", i)
		switch g := granted[name]; {
		case strings.HasPrefix(name, "@"):
			c.fail(p, name, "write the calls one by one", "a group cannot be killed")
		case !filter.Known(name):
			c.unknownCall(name, p)
		case slices.Contains(filter.InitSet(), name):
			c.fail(p, name, "remove it", "init itself needs the call (@casemate-init)")
		case g != nil:
			c.fail(p, name, "remove it from one of the two", "the call is allowed by %s", g.where())
		}
		kill[name] = at(p)
	}
	return kill
}

package compile

import (
	"strings"

	"casemate/policy/danger"
	"casemate/policy/syntax"

	"github.com/syndtr/gocapability/capability"
)

// capabilities resolves the two sets. Names are spelled one way only, so that a
// search for SYS_ADMIN over many policies finds all of them.
func (c *compiler) capabilities() {
	o := &c.out.Caps
	o.At = at(c.file.KeyPos("capabilities"))
	keep := map[string]bool{}
	for i, name := range c.file.Capabilities.Keep {
		p := c.file.Pos("capabilities.keep", i)
		keep[name] = true
		if bit, ok := c.capability(name, p); ok {
			o.Keep |= bit
			if why, ok := danger.Capabilities[name]; ok {
				c.need("capabilities."+name, p, why)
			}
		}
	}
	for i, name := range c.file.Capabilities.Ambient {
		p := c.file.Pos("capabilities.ambient", i)
		bit, ok := c.capability(name, p)
		if ok && !keep[name] {
			c.fail(p, name, "add it to keep", "ambient and not kept")
		}
		o.Ambient |= bit
	}
}

// capability gives the bit of a name.
func (c *compiler) capability(name string, p syntax.Position) (uint64, bool) {
	var names []string
	for _, k := range capability.List() {
		known := strings.ToUpper(k.String())
		if known == name {
			return 1 << uint(k), true
		}
		names = append(names, known)
	}
	short := strings.TrimPrefix(strings.ToUpper(name), "CAP_")
	c.fail(p, name, orDefault(syntax.DidYouMean(short, names), "name each one, as capabilities(7) does, without CAP_"), "unknown capability")
	return 0, false
}

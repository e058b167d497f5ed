package compile

import (
	"fmt"

	"casemate/policy/syntax"
)

// need demands a reason for a dangerous grant. key names the grant as [why] does;
// danger says what it opens.
func (c *compiler) need(key string, p syntax.Position, danger string) {
	c.needed[key] = true
	if _, ok := c.file.Why[key]; !ok && !c.file.Unsure("why") {
		c.lacks = append(c.lacks, Need{key, danger})
		c.fail(p, key, fmt.Sprintf("under [why], write: %q = \"the reason\"", key), "a dangerous grant without a reason (%s)", danger)
	}
}

// whys checks the reasons themselves, after every grant has asked for its own. A
// reason that no grant needs is an error: it tells a reviewer of a danger that is
// not there, or was left behind by one that went. Those of bases are let be, since
// the policy may have restated what they explain.
func (c *compiler) whys() {
	for _, key := range c.file.Find("why").Keys() {
		n := c.file.Find("why", key)
		if text := c.file.Why[key]; !syntax.Sentence(text) {
			c.fail(n.Pos, text, "write the sentence that a reviewer needs", "too short for a reason")
		}
		if !c.needed[key] && n.Key.File == c.name && len(c.source.errs) == 0 { // else its grant may be what was not read
			c.fail(n.Key, key, syntax.DidYouMean(key, c.grants()), "no grant needs this reason")
		}
	}
}

// grants lists the keys that were asked for.
func (c *compiler) grants() []string {
	var all []string
	for key := range c.needed {
		all = append(all, key)
	}
	return sorted(all)
}

// reasons are those that a grant has asked for.
func (c *compiler) reasons() map[string]string {
	needed := map[string]string{}
	for key := range c.needed {
		needed[key] = c.file.Why[key]
	}
	return needed
}

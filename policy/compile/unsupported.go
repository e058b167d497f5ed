package compile

import "regexp"

// later is said of everything that the language knows and this version does not
// carry to the kernel. It is never accepted and ignored: a policy that asks for
// more confinement than it gets is worse than one that is refused.
const later = "not supported yet"

func (c *compiler) later(key string, more ...any) {
	if p := c.file.Pos(key, more...); p.Line > 0 {
		c.fail(p, key, "", later)
	}
}

// unsupported refuses what is not carried to the kernel yet, after checking that
// it would be right.
func (c *compiler) unsupported() {
	f := c.file
	if f.Root.Image != nil {
		c.image()
	}
}

var rootHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (c *compiler) image() {
	i := c.file.Root.Image
	c.hostPath(i.File, c.file.Pos("root.image.file"))
	if h := given(i.RootHash, ""); i.RootHash != nil && !rootHash.MatchString(h) {
		c.fail(c.file.Pos("root.image.root_hash"), h, "", "not 64 hexadecimal digits")
	}
	c.later("root.image")
}

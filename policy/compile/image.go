package compile

import "encoding/hex"

// image resolves a root that is a file system in a file. Its format is not looked at here:
// the file is of the host that runs it, and the shim tells the format by its magic number.
func (c *compiler) image() {
	i, out := c.file.Root.Image, &c.out.Root.Image
	out.File = c.hostPath(i.File, c.file.Pos("root.image.file"))
	if i.Verity != nil {
		out.Verity = c.hostPath(*i.Verity, c.file.Pos("root.image.verity"))
	}
	key := c.file.KeyPos("root.image")
	switch {
	case i.Verity != nil && *i.Verity == i.File:
		c.fail(c.file.Pos("root.image.verity"), *i.Verity, "make a file of its own: veritysetup format IMAGE TREE", "the hash tree is the image itself")
	case i.RootHash != nil && i.Verity == nil:
		c.fail(key, "root_hash", "name its file with verity", "a root hash and no hash tree")
	case i.RootHash == nil && i.Verity != nil:
		c.fail(key, "verity", "veritysetup format prints it: name it with root_hash", "a hash tree and no root hash")
	}
	if i.RootHash != nil {
		c.rootHash(*i.RootHash)
	}
}

func (c *compiler) rootHash(text string) {
	p, out := c.file.Pos("root.image.root_hash"), &c.out.Root.Image.Hash
	n, err := hex.Decode(out[:], []byte(text[:min(len(text), 2*len(out))]))
	switch {
	case err != nil || n != len(out) || len(text) != 2*len(out):
		c.fail(p, text, "veritysetup format --hash=sha256 prints one", "not 64 hexadecimal digits")
	case *out == [32]byte{}:
		c.fail(p, text, "", "a root hash of zeroes")
	}
}

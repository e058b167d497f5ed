package compile

import "testing"

// What the language knows and this version does not carry to the kernel is refused
// with these two words and its place.
func TestNotSupportedYet(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"a root image": {`root.image = { file = "/srv/x.erofs" }`, `p.toml:5:14: not supported yet: "root.image"`},
	})
}

// They are checked all the same.
func TestNotSupportedAndWrong(t *testing.T) {
	for name, c := range map[string][2]string{
		"image path": {`root.image = { file = "x" }`, `p.toml:5:23: the path is not absolute: "x"; hint: begin it with a slash`},
		"root hash":  {`root.image = { file = "/x", root_hash = "12" }`, `p.toml:5:41: not 64 hexadecimal digits: "12"`},
	} {
		t.Run(name, func(t *testing.T) { refuseLine(t, c[0], c[1]) })
	}
}

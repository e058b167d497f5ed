package compile

import "testing"

// What the language knows and this version does not carry to the kernel is refused
// with these two words and its place.
func TestNotSupportedYet(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"a root image":       {`root.image = { file = "/srv/x.erofs" }`, `p.toml:5:14: not supported yet: "root.image"`},
		"a user namespace":   {`namespaces.user = { uid = ["0 100000 65536"], gid = ["0 100000 65536"] }`, `p.toml:5:19: not supported yet: "namespaces.user"`},
		"a time namespace":   {`namespaces.time = { boottime = 7 }`, `p.toml:5:19: not supported yet: "namespaces.time"`},
		"proc of pids alone": {`mounts.proc = "pid-only"`, `p.toml:5:15: not supported yet: "mounts.proc"`},
		"joining a network":  {`network.mode = "join:/run/netns/x"`, `p.toml:5:16: not supported yet: "join:/run/netns/x"`},
	})
}

// They are checked all the same.
func TestNotSupportedAndWrong(t *testing.T) {
	for name, c := range map[string][2]string{
		"image path":   {`root.image = { file = "x" }`, `p.toml:5:23: the path is not absolute: "x"; hint: begin it with a slash`},
		"root hash":    {`root.image = { file = "/x", root_hash = "12" }`, `p.toml:5:41: not 64 hexadecimal digits: "12"`},
		"identity map": {`namespaces.user = { uid = ["0-5"], gid = ["0 1 1"] }`, `p.toml:5:28: not a line of an identity map: "0-5"; hint: they look like "0 100000 65536"`},
		"large id":     {`namespaces.user = { uid = ["0 1 1"], gid = ["0 4294967296 1"] }`, `p.toml:5:45: not an id: "4294967296"`},
	} {
		t.Run(name, func(t *testing.T) { refuseLine(t, c[0], c[1]) })
	}
}

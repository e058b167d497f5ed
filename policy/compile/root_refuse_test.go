package compile

import "testing"

func TestRefusedRoot(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"path relative": {
			`root.path = "srv"`,
			`p.toml:5:13: the path is not absolute: "srv"; hint: begin it with a slash`,
		},
		"the host's root": {
			`root.path = "/"`,
			`p.toml:5:13: a dangerous grant without a reason (the host's own root is the workload's): "root.path"; hint: under [why], write: "root.path" = "the reason"`,
		},
		"writable": {
			`root.writable = true`,
			`p.toml:5:17: a dangerous grant without a reason (what the workload writes there stays, or is executed from there): "root.writable"; hint: under [why], write: "root.writable" = "the reason"`,
		},
		"link relative": {
			`root.symlinks = { lib = "usr/lib" }`,
			`p.toml:5:19: the path is not absolute: "lib"; hint: begin it with a slash`,
		},
		"link upwards": {
			`root.symlinks = { "/lib" = "../usr/lib" }`,
			`p.toml:5:28: not a target for a link: "../usr/lib"; hint: write it without .. and in its shortest form`,
		},
		"link is the root": {
			`root.symlinks = { "/" = "usr" }`,
			`p.toml:5:19: the root is no link: "/"`,
		},
		"link below a link": {
			`root.symlinks = { "/a" = "b", "/a/c" = "d" }`,
			`p.toml:5:31: the link lies below the link /a: "/a/c"`,
		},
		"link in a root of the host": {
			`root.path = "/srv/x"
root.symlinks = { "/a" = "b" }`,
			`p.toml:6:19: no link is made in a root that is a directory of the host: "/a"; hint: make it in the directory itself`,
		},
		"link at a mount": {
			`mounts.tmpfs = [{ at = "/a/b" }]
root.symlinks = { "/a" = "c" }`,
			`p.toml:6:19: a mount lies at or below the link, /a/b: "/a"; hint: mount at the link's target`,
		},
		"link in a mount": {
			`mounts.tmpfs = [{ at = "/a" }]
root.symlinks = { "/a/b" = "c" }`,
			`p.toml:6:19: the link lies in a mount, /a: "/a/b"; hint: links are made in the root itself`,
		},
		"two roots": {
			`root.path = "/srv/x"
root.image = { file = "/srv/x.erofs" }`,
			`p.toml:6:6: two roots: "root.image"; hint: there is root.path too
p.toml:6:14: not supported yet: "root.image"`,
		},
	})
}

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
			`p.toml:6:6: two roots: "root.image"; hint: there is root.path too`,
		},
		"image path": {
			`root.image = { file = "x" }`,
			`p.toml:5:23: the path is not absolute: "x"; hint: begin it with a slash`,
		},
		"image written to": {
			`root.image = { file = "/x" }
root.writable = true
why = { "root.writable" = "the image would be written to, and a test says that this is refused" }`,
			`p.toml:6:17: an image is read-only: "true"; hint: mount a tmpfs or a bind where it writes`,
		},
		"image to be written, and no reason": { // which would not help
			"root.image = { file = \"/x\" }\nroot.writable = true",
			`p.toml:6:17: an image is read-only: "true"; hint: mount a tmpfs or a bind where it writes`,
		},
		"image as a string": {
			`root.image = "/x.erofs"`,
			`p.toml:5:14: want a table, found a string: "/x.erofs"; hint: write it as a table: { file = "/x.erofs" }`,
		},
		"image without a file": {
			`root.image = { verity = "/y" }`,
			`p.toml:5:6: the key is missing: "file"; hint: write: file = "/usr/share/images/NAME.erofs"`,
		},
		"link in an image": {
			`root.image = { file = "/x" }
root.symlinks = { "/a" = "b" }`,
			`p.toml:6:19: no link is made in an image: "/a"; hint: make it when the image is built`,
		},
		"root hash too short": {
			`root.image = { file = "/x", verity = "/y", root_hash = "12" }`,
			`p.toml:5:56: not 64 hexadecimal digits: "12"; hint: veritysetup format --hash=sha256 prints one`,
		},
		"root hash without a tree": {
			`root.image = { file = "/x", root_hash = "1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f" }`,
			`p.toml:5:6: a root hash and no hash tree: "root_hash"; hint: name its file with verity`,
		},
		"hash tree without a root hash": {
			`root.image = { file = "/x", verity = "/y" }`,
			`p.toml:5:6: a hash tree and no root hash: "verity"; hint: veritysetup format prints it: name it with root_hash`,
		},
		"hash tree in the image": {
			`root.image = { file = "/x", verity = "/x", root_hash = "1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f" }`,
			`p.toml:5:38: the hash tree is the image itself: "/x"; hint: make a file of its own: veritysetup format IMAGE TREE`,
		},
		"root hash of zeroes": {
			`root.image = { file = "/x", verity = "/y", root_hash = "0000000000000000000000000000000000000000000000000000000000000000" }`,
			`p.toml:5:56: a root hash of zeroes: "0000000000000000000000000000000000000000000000000000000000000000"`,
		},
	})
}

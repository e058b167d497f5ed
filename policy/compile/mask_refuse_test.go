package compile

import "testing"

func TestRefusedMask(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"relative": {
			`masks.mask = ["proc/x"]`,
			`p.toml:5:15: the path is not absolute: "proc/x"; hint: begin it with a slash`,
		},
		"all of proc": {
			`masks.mask = ["/proc/"]`,
			`p.toml:5:15: the path is too much to cover: "/proc/"; hint: name what is in it; mounts.proc, sysfs and dev decide whether it is there at all`,
		},
		"where nothing is mounted": {
			`masks.mask = ["/etc/ssh/"]`,
			`p.toml:5:15: no mount has this path in it: "/etc/ssh/"; hint: the root is assembled from [mounts] and holds nothing else`,
		},
		"below nothing but the root": {
			`masks.readonly = ["/etc"]`,
			`p.toml:5:19: no mount has this path in it: "/etc"; hint: the root is assembled from [mounts] and holds nothing else`,
		},
		"the program": {
			`mounts.bind = [{ from = "/bin", exec = true }]
masks.mask = ["/bin/x"]`,
			`p.toml:6:15: the mask would hide the workload's program or working directory: "/bin/x"`,
		},
		"the working directory": {
			`mounts.bind = [{ from = "/srv" }]
exec.cwd = "/srv/a/b"
masks.mask = ["/srv/a/"]`,
			`p.toml:7:15: the mask would hide the workload's program or working directory: "/srv/a/"`,
		},
		"a mount": {
			`mounts.bind = [{ from = "/srv" }, { from = "/srv/a" }]
masks.mask = ["/srv/a/"]`,
			`p.toml:6:15: the path is where a mount goes: "/srv/a/"; hint: a mount is read-only unless it says writable; leave it out to hide what it would show`,
		},
		"inside each other": {
			`mounts.bind = [{ from = "/srv" }]
masks.mask = ["/srv/a/", "/srv/a/b"]`,
			`p.toml:6:26: the path overlaps /srv/a of p.toml:6: "/srv/a/b"`,
		},
		"masked and read-only": {
			`mounts.bind = [{ from = "/srv" }]
masks.mask = ["/srv/a/"]
masks.readonly = ["/srv/a/b"]`,
			`p.toml:7:19: the path is masked too: "/srv/a/b"; hint: leave one of the two out`,
		},
		"unmask without a why": {
			`masks.unmask = ["/proc/kcore"]`,
			`p.toml:5:17: a dangerous grant without a reason (it is masked or read-only for a reason): "masks./proc/kcore"; hint: under [why], write: "masks./proc/kcore" = "the reason"`,
		},
		"unmask what is not masked": {
			`masks.unmask = ["/proc/kcor"]`,
			`p.toml:5:17: not masked or read-only by default: "/proc/kcor"; hint: did you mean "/proc/kcore"?`,
		},
		"unmask what nobody knows": {
			`masks.unmask = ["/proc/version"]`,
			`p.toml:5:17: not masked or read-only by default: "/proc/version"; hint: casemate show lists them`,
		},
	})
}

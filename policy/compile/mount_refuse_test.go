package compile

import "testing"

func TestRefusedMount(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"target relative": {
			`mounts.tmpfs = [{ at = "tmp" }]`,
			`p.toml:5:24: the path is not absolute: "tmp"; hint: begin it with a slash`,
		},
		"target is the root": {
			`mounts.tmpfs = [{ at = "/" }]`,
			`p.toml:5:24: a mount over the root: "/"; hint: the root is described under [root]`,
		},
		"target upwards": {
			`mounts.bind = [{ from = "/a", at = "/a/../../b" }]`,
			`p.toml:5:36: the path has .. in it: "/a/../../b"; hint: write where it leads to`,
		},
		"target in proc": {
			`mounts.bind = [{ from = "/a", at = "/proc/1" }]`,
			`p.toml:5:36: nothing else is mounted in /proc or /sys: "/proc/1"; hint: proc, sysfs and cgroup have keys of their own under [mounts]`,
		},
		"target is sys": {
			`mounts.tmpfs = [{ at = "/sys" }]`,
			`p.toml:5:24: nothing else is mounted in /proc or /sys: "/sys"; hint: proc, sysfs and cgroup have keys of their own under [mounts]`,
		},
		"target twice": {
			`mounts.tmpfs = [{ at = "/a" }]
mounts.bind = [{ from = "/b", at = "/a" }]`,
			`p.toml:6:16: another mount is there already, of p.toml:5: "/a"`,
		},
		"target is dev": {
			`mounts.tmpfs = [{ at = "/dev" }]`,
			`p.toml:5:17: another mount is there already, of default: "/dev"`,
		},
		"target below a file": {
			`mounts.bind = [{ from = "/a", type = "file" }, { from = "/b", at = "/a/b" }]`,
			`p.toml:5:48: it lies below /a, which is no directory: "/a/b"`,
		},
		"source relative": {
			`mounts.bind = [{ from = "a" }]`,
			`p.toml:5:25: the path is not absolute: "a"; hint: begin it with a slash`,
		},
		"source beside the policy, upwards": {
			`mounts.bind = [{ from = "./../a", at = "/a" }]`,
			`p.toml:5:25: the path has .. in it: "/../a"; hint: write where it leads to`,
		},
		"source beside the policy, no place": {
			`mounts.bind = [{ from = "./a" }]`,
			`p.toml:5:25: a path beside the policy needs a place inside: "./a"; hint: add: at = "/…"`,
		},
		"recursive file": {
			`mounts.bind = [{ from = "/a", type = "file", recursive = true }]`,
			`p.toml:5:58: only the bind of a directory can be recursive: "/a"`,
		},
		"writable and executable": {
			`mounts.bind = [{ from = "/srv/a", writable = true, exec = true }]`,
			`p.toml:5:59: a dangerous grant without a reason (what is written there can be executed): "mounts./srv/a"; hint: under [why], write: "mounts./srv/a" = "the reason"`,
		},
		"all of the host": {
			`mounts.bind = [{ from = "/", at = "/host" }]`,
			`p.toml:5:25: a dangerous grant without a reason (all files of the host are visible): "mounts./host"; hint: under [why], write: "mounts./host" = "the reason"`,
		},
		"devices": {
			`mounts.bind = [{ from = "/dev/kvm", type = "file" }]`,
			`p.toml:5:25: a dangerous grant without a reason (it is of the kernel's own trees: devices, controls, what the host boots from): "mounts./dev/kvm"; hint: under [why], write: "mounts./dev/kvm" = "the reason"`,
		},
		"boot": {
			`mounts.bind = [{ from = "/boot/efi" }]`,
			`p.toml:5:25: a dangerous grant without a reason (it is of the kernel's own trees: devices, controls, what the host boots from): "mounts./boot/efi"; hint: under [why], write: "mounts./boot/efi" = "the reason"`,
		},
		"a control socket": {
			`mounts.bind = [{ from = "/var/run/docker.sock", type = "socket" }]`,
			`p.toml:5:25: a dangerous grant without a reason (a socket there commands a service of the host): "mounts./var/run/docker.sock"; hint: under [why], write: "mounts./var/run/docker.sock" = "the reason"`,
		},
		"a directory of control sockets": {
			`mounts.bind = [{ from = "/run" }]`,
			`p.toml:5:25: a dangerous grant without a reason (a socket there commands a service of the host): "mounts./run"; hint: under [why], write: "mounts./run" = "the reason"`,
		},
		"writable system files": {
			`mounts.bind = [{ from = "/etc/x", writable = true }]`,
			`p.toml:5:25: a dangerous grant without a reason (the host runs or reads what is written there): "mounts./etc/x"; hint: under [why], write: "mounts./etc/x" = "the reason"`,
		},
		"writable var": {
			`mounts.bind = [{ from = "/var", writable = true }]`,
			`p.toml:5:25: a dangerous grant without a reason (a socket there commands a service of the host): "mounts./var"; hint: under [why], write: "mounts./var" = "the reason"`,
		},
		"size": {
			`mounts.tmpfs = [{ at = "/a", size = "16MB" }]`,
			`p.toml:5:37: not a size: "16MB"; hint: a number of bytes, or with K, M, G or T: "16M"`,
		},
		"size with a sign": {
			`mounts.tmpfs = [{ at = "/a", size = "-1" }]`,
			`p.toml:5:37: not a size: "-1"; hint: a number of bytes, or with K, M, G or T: "64M"`,
		},
		"size zero": {
			`mounts.tmpfs = [{ at = "/a", size = "0" }]`,
			`p.toml:5:37: the size is too small: "0"; hint: the least is one page, 4K`,
		},
		"size over the top": {
			`mounts.tmpfs = [{ at = "/a", size = "99999999T" }]`,
			`p.toml:5:37: not a size: "99999999T"; hint: a number of bytes, or with K, M, G or T: "64M"`,
		},
		"inodes zero": {
			`mounts.tmpfs = [{ at = "/a", inodes = 0 }]`,
			`p.toml:5:39: out of range: "0"; hint: it takes 16 to 16777216`,
		},
		"mode": {
			`mounts.tmpfs = [{ at = "/a", mode = "4755" }]`,
			`p.toml:5:37: not permission bits: "4755"; hint: octal: "0755", "1777"`,
		},
		"executable tmpfs": {
			`mounts.tmpfs = [{ at = "/a", exec = true }]`,
			`p.toml:5:37: a dangerous grant without a reason (what is written there can be executed): "mounts./a"; hint: under [why], write: "mounts./a" = "the reason"`,
		},
		"shm size": {
			`mounts.shm = "lots"`,
			`p.toml:5:14: not a size: "lots"; hint: a number of bytes, or with K, M, G or T: "64M"`,
		},
		"mqueue of the host": {
			`mounts.mqueue = true
namespaces.share = ["ipc"]
why."namespaces.ipc" = "shared memory of x"`,
			`p.toml:5:17: the message queues would be the host's: "mounts.mqueue"; hint: do not share ipc`,
		},
		"cgroup without sysfs": {
			`mounts.cgroup = true`,
			`p.toml:5:17: the cgroup tree is mounted inside sysfs, which is not mounted: "mounts.cgroup"; hint: add: sysfs = true`,
		},
		"cgroup of the host": {
			`mounts.cgroup = true
mounts.sysfs = true
namespaces.share = ["cgroup"]
why."namespaces.cgroup" = "it manages cgroups"`,
			`p.toml:5:17: the cgroup tree would be the host's: "mounts.cgroup"; hint: do not share cgroup`,
		},
	})
}

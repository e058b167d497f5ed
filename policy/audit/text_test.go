package audit

import (
	"fmt"
	"strings"
	"testing"
)

// texts are policies that the compiler takes: what each rule finds in one, and a close
// one in which it finds nothing. Fragments begin in line 5.
var texts = []struct {
	rule, subject, where string // place as printed, or "default"
	severity             Severity
	finds, close         string
}{
	{"SC-006", "seccomp.unknown", "p.toml:5:9", Medium, `seccomp.unknown = "EPERM"`, `seccomp.default = "EACCES"`},
	{"SC-006", "seccomp.unknown", "p.toml:5:9", Medium, `seccomp.unknown = "kill"`, `seccomp.unknown = "ENOSYS"`},
	{"SC-007", "seccomp.vfork", "p.toml:5:17", High, `seccomp.kill = ["vfork"]`, `seccomp.kill = ["vmsplice"]`},
	{"SC-007", "seccomp.chmod", "p.toml:6:14", High, "seccomp.allow = [\"fchmod\", \"chmod\"]\nseccomp.when.chmod = \"mode & 0o7000 == 0\"",
		"seccomp.allow = [\"fchmod\", \"chmod\"]\nseccomp.when = { chmod = \"mode & 0o7000 == 0\", fchmod = \"mode & 0o7000 == 0\" }"},
	{"SC-007", "seccomp.ptrace", "p.toml:5:17", High, `seccomp.kill = ["ptrace"]` + "\n" + `seccomp.allow = ["process_vm_readv"]` + why("seccomp.process_vm_readv"), `seccomp.kill = ["ptrace", "process_vm_writev"]`},
	{"SC-009", "seccomp.io_uring_setup", "p.toml:5:18", High, `seccomp.allow = ["io_uring_setup"]` + why("seccomp.io_uring_setup"), `seccomp.kill = ["io_uring_setup"]`},
	{"SC-010", "seccomp.unshare", "p.toml:5:18", High, `seccomp.allow = ["unshare"]` + why("seccomp.unshare"),
		"seccomp.allow = [\"unshare\"]\nseccomp.when.unshare = \"flags & CLONE_NEWUSER == 0\"" + why("seccomp.unshare")},
	{"SC-010", "seccomp.setns", "p.toml:5:18", High, `seccomp.allow = ["setns"]` + why("seccomp.setns"),
		"seccomp.allow = [\"setns\"]\nseccomp.when.setns = \"nstype == CLONE_NEWNET\"" + why("seccomp.setns")},
	{"SC-011", "seccomp.unshare", "p.toml:6:14", Medium, "seccomp.allow = [\"unshare\"]\nseccomp.when.unshare = \"flags & CLONE_NEWUSER == 0\"" + why("seccomp.unshare"),
		"seccomp.allow = [\"unshare\"]\nseccomp.when.unshare = \"flags & @CLONE_NEW == 0\"" + why("seccomp.unshare")},
	{"SC-012", "seccomp.ptrace", "p.toml:5:18", High, `seccomp.allow = ["ptrace"]` + why("seccomp.ptrace"), `seccomp.allow = ["prctl"]`},
	{"SC-013", "seccomp.bpf", "p.toml:5:18", High, `seccomp.allow = ["bpf"]` + why("seccomp.bpf"), ``},
	{"SC-014", "seccomp.mount_setattr", "p.toml:5:18", High, `seccomp.allow = ["mount_setattr"]` + why("seccomp.mount_setattr"), `seccomp.allow = ["statmount"]`},
	{"SC-015", "seccomp.finit_module", "p.toml:5:18", High, `seccomp.allow = ["finit_module"]` + why("seccomp.finit_module"), ``},
	{"SC-016", "seccomp.open_by_handle_at", "p.toml:5:18", High, `seccomp.allow = ["open_by_handle_at"]` + why("seccomp.open_by_handle_at"), `seccomp.allow = ["name_to_handle_at"]`},
	{"SC-017", "seccomp.ioctl", "p.toml:6:14", Medium, "seccomp.allow = [\"ioctl\"]\nseccomp.when.ioctl = \"cmd in {TIOCSTI, FIONREAD}\"" + why("seccomp.ioctl"), `extends = ["base/minimal"]`},
	{"SC-018", "seccomp.ioctl", "p.toml:5:18", Medium, `seccomp.allow = ["ioctl"]` + why("seccomp.ioctl"), `seccomp.allow = ["@io"]`},
	{"SC-019", "seccomp.keyctl", "p.toml:5:18", Medium, `seccomp.allow = ["keyctl"]` + why("seccomp.keyctl"), ``},
	{"SC-020", "seccomp.userfaultfd", "p.toml:5:18", Medium, `seccomp.allow = ["userfaultfd"]` + why("seccomp.userfaultfd"),
		"seccomp.allow = [\"userfaultfd\"]\nseccomp.when.userfaultfd = \"flags & UFFD_USER_MODE_ONLY != 0\"" + why("seccomp.userfaultfd")},
	{"SC-021", "seccomp.personality", "p.toml:5:18", Medium, `seccomp.allow = ["personality"]` + why("seccomp.personality"),
		"seccomp.allow = [\"personality\"]\nseccomp.when.personality = \"persona in {0, 8, 0x20000, 0x20008, 0xffffffff}\"" + why("seccomp.personality")},
	{"SC-022", "seccomp.memfd_create", "p.toml:5:18", Medium, `seccomp.allow = ["memfd_create"]` + why("seccomp.memfd_create"), ``},
	{"SC-022", "seccomp.mmap", "default", Medium, "seccomp.allow = [\"mprotect\"]\nseccomp.when.mprotect = \"prot & PROT_EXEC == 0\"", `extends = ["base/minimal"]`},
	{"SC-023", "seccomp.socket", "p.toml:5:18", Medium, `seccomp.allow = ["socket"]` + why("seccomp.socket"), `seccomp.allow = ["@net-server", "@unix-socket"]`},
	{"SC-023", "seccomp.socket AF_VSOCK", "p.toml:6:14", Medium, "seccomp.allow = [\"socket\"]\nseccomp.when.socket = \"family in {AF_INET, AF_VSOCK}\"" + why("seccomp.socket"),
		"seccomp.allow = [\"socket\"]\nseccomp.when.socket = \"family in {AF_INET, AF_UNIX}\""},
	{"SC-023", "seccomp.socket others", "p.toml:6:14", Medium, "seccomp.allow = [\"socket\"]\nseccomp.when.socket = \"family in {AF_UNIX, AF_RXRPC}\"" + why("seccomp.socket"),
		"seccomp.allow = [\"socket\"]\nseccomp.when.socket = \"family in {AF_UNIX, AF_INET6, AF_UNSPEC}\""},
	{"SC-023", "seccomp.socket AF_NETLINK", "p.toml:5:18", Low, `seccomp.allow = ["@netlink-route"]`, `seccomp.allow = ["@net-client"]`},
	{"SC-023", "seccomp.socket AF_NETLINK", "p.toml:6:14", Medium, "seccomp.allow = [\"socket\"]\nseccomp.when.socket = \"family == AF_NETLINK\"" + why("seccomp.socket"), `seccomp.allow = ["@net-client"]`},
	{"SC-024", "seccomp.reboot", "p.toml:5:18", Medium, `seccomp.allow = ["reboot"]` + why("seccomp.reboot"), `seccomp.allow = ["uname"]`},
	{"SC-027", "seccomp.seccomp", "p.toml:5:18", Medium, `seccomp.allow = ["seccomp"]` + why("seccomp.seccomp"), `seccomp.allow = ["@sandbox"]`},
	{"SC-031", "seccomp.readv", "p.toml:6:14", Low, "seccomp.allow = [\"readv\"]\nseccomp.when.readv = \"fd <= 2\"", `seccomp.allow = ["readv"]`},
	{"SC-032", "seccomp.seccomp", "p.toml:5:18", High, `seccomp.allow = ["seccomp"]` + why("seccomp.seccomp"), `seccomp.allow = ["@sandbox"]`},
	{"SC-032", "seccomp.prctl", "p.toml:5:18", High, `seccomp.allow = ["prctl"]`, `extends = ["base/daemon"]`},

	{"CAP-001", "capabilities.SYS_ADMIN", "p.toml:5:22", Critical, `capabilities.keep = ["SYS_ADMIN"]` + why("capabilities.SYS_ADMIN"), "capabilities.keep = [\"SYS_ADMIN\"]\ncapabilities.ambient = []" + why("capabilities.SYS_ADMIN")},
	{"CAP-001", "capabilities.SYS_ADMIN", "p.toml:5:22", Medium, `capabilities.keep = ["SYS_ADMIN"]` + mappedTo("5") + why("capabilities.SYS_ADMIN"), ``},
	{"CAP-001", "capabilities.SYS_ADMIN", "p.toml:5:22", Critical, `capabilities.keep = ["SYS_ADMIN"]` + mappedTo("0") + why("capabilities.SYS_ADMIN", "namespaces.user", "exec.user"), ``},
	{"CAP-004", "capabilities.MKNOD", "p.toml:5:22", High, `capabilities.keep = ["MKNOD"]` + mappedTo("5") + "mounts.bind = [{ from = \"/var/x\", writable = true, idmap = true }]" + why("capabilities.MKNOD", "mounts./var/x"), ``},
	{"CAP-001", "capabilities.BPF", "p.toml:5:22", Critical, `capabilities.keep = ["BPF", "PERFMON"]` + why("capabilities.BPF", "capabilities.PERFMON"), `capabilities.keep = ["PERFMON"]` + why("capabilities.PERFMON")},
	{"CAP-002", "capabilities.DAC_READ_SEARCH", "p.toml:5:22", High, `capabilities.keep = ["DAC_READ_SEARCH"]` + why("capabilities.DAC_READ_SEARCH"), `capabilities.keep = ["DAC_OVERRIDE"]` + why("capabilities.DAC_OVERRIDE")},
	{"CAP-002", "capabilities.DAC_OVERRIDE", "p.toml:5:22", High, "capabilities.keep = [\"DAC_OVERRIDE\"]\nmounts.bind = [{ from = \"/usr\" }]" + why("capabilities.DAC_OVERRIDE"), "capabilities.keep = [\"CHOWN\"]\nmounts.bind = [{ from = \"/usr\" }]" + why("capabilities.CHOWN")},
	{"CAP-003", "capabilities.SETGID", "p.toml:5:31", High, `capabilities.keep = ["CHOWN", "SETGID"]` + why("capabilities.CHOWN", "capabilities.SETGID"), `capabilities.keep = ["CHOWN"]` + why("capabilities.CHOWN")},
	{"CAP-004", "capabilities.SETFCAP", "p.toml:5:22", High, "capabilities.keep = [\"SETFCAP\"]\nmounts.bind = [{ from = \"/var/lib/x\", writable = true }]" + why("capabilities.SETFCAP"),
		"capabilities.keep = [\"SETFCAP\"]\nmounts.bind = [{ from = \"/var/lib/x\" }]" + why("capabilities.SETFCAP")},
	{"CAP-004", "capabilities.FSETID", "p.toml:5:31", High, "capabilities.keep = [\"CHOWN\", \"FSETID\"]\nmounts.bind = [{ from = \"/var/lib/x\", writable = true }]" + why("capabilities.CHOWN", "capabilities.FSETID"),
		"capabilities.keep = [\"CHOWN\", \"FSETID\"]\nmounts.tmpfs = [{ at = \"/var/lib/x\" }]" + why("capabilities.CHOWN", "capabilities.FSETID")},
	{"CAP-006", "capabilities.NET_RAW", "p.toml:5:22", High, "capabilities.keep = [\"NET_RAW\"]\nnetwork.mode = \"host\"" + why("capabilities.NET_RAW", "namespaces.net"), `capabilities.keep = ["NET_RAW"]` + why("capabilities.NET_RAW")},
	{"CAP-007", "capabilities.SYS_CHROOT", "p.toml:5:22", High, `capabilities.keep = ["SYS_CHROOT", "MKNOD"]` + why("capabilities.SYS_CHROOT", "capabilities.MKNOD"), `capabilities.keep = ["SYS_CHROOT"]` + why("capabilities.SYS_CHROOT")},
	{"CAP-008", "capabilities.KILL", "p.toml:5:22", Medium, "capabilities.keep = [\"KILL\"]\ncapabilities.ambient = []", `capabilities.keep = ["KILL"]`},
	{"CAP-008", "exec.user", "p.toml:6:6", Medium, "capabilities.keep = [\"KILL\"]\nexec.user = \"0\"\nexec.group = \"0\"" + why("exec.user"), "capabilities.keep = [\"KILL\"]\nexec.user = \"5\"\nexec.group = \"5\""},
	{"CAP-009", "capabilities.NET_BIND_SERVICE", "p.toml:5:22", Medium, `capabilities.keep = ["NET_BIND_SERVICE"]`, "capabilities.keep = [\"NET_BIND_SERVICE\"]\nseccomp.allow = [\"@net-server\"]"},
	{"CAP-009", "seccomp.reboot", "p.toml:5:18", Medium, `seccomp.allow = ["reboot"]` + why("seccomp.reboot"), "seccomp.allow = [\"reboot\"]\ncapabilities.keep = [\"SYS_BOOT\"]" + why("seccomp.reboot", "capabilities.SYS_BOOT")},

	{"FS-001", "mounts./w /var/lib/x", "p.toml:5:25", High, `mounts.bind = [{ from = "/var/lib/x", at = "/w", writable = true, exec = true }]` + why("mounts./w"), `mounts.bind = [{ from = "/var/lib/x", at = "/w", writable = true }]`},
	{"FS-001", "mounts./w", "p.toml:5:24", High, `mounts.tmpfs = [{ at = "/w", exec = true }]` + why("mounts./w"), `mounts.tmpfs = [{ at = "/w" }]`},
	{"FS-001", "root.writable", "p.toml:5:1", High, "root.path = \"/opt/x\"\nroot.writable = true" + why("root.path", "root.writable"), `root.path = "/opt/x"`},
	{"FS-002", "mounts./etc /etc", "p.toml:5:25", High, `mounts.bind = [{ from = "/etc", writable = true }]` + why("mounts./etc"), `mounts.bind = [{ from = "/etc" }]`},
	{"FS-002", "mounts./d.sock /run/docker.sock", "p.toml:5:25", High, `mounts.bind = [{ from = "/run/docker.sock", at = "/d.sock", type = "socket" }]` + why("mounts./d.sock"), `mounts.bind = [{ from = "/run/x.sock", at = "/d.sock", type = "socket" }]`},
	{"FS-002", "mounts./w /mnt/disk", "p.toml:5:25", Medium, `mounts.bind = [{ from = "/mnt/disk", at = "/w", writable = true }]`, `mounts.bind = [{ from = "/var/lib/x", at = "/w", writable = true }]`},
	{"FS-004", "masks./proc/kallsyms", "p.toml:5:17", High, `masks.unmask = ["/proc/kallsyms"]` + why("masks./proc/kallsyms"), `mounts.proc = "none"`},
	{"FS-004", "masks./proc/sys", "p.toml:5:17", High, `masks.unmask = ["/proc/sys"]` + why("masks./proc/sys"), `masks.mask = ["/proc/sys/"]`},
	{"FS-005", "seccomp.umount2", "p.toml:5:18", High, "seccomp.allow = [\"umount2\"]\ncapabilities.keep = [\"SYS_ADMIN\"]" + why("seccomp.umount2", "capabilities.SYS_ADMIN"), `seccomp.allow = ["umount2"]` + why("seccomp.umount2")},
	{"FS-005", "seccomp.mount", "p.toml:5:18", High, `seccomp.allow = ["mount", "unshare"]` + why("seccomp.mount", "seccomp.unshare"), `seccomp.allow = ["unshare"]` + why("seccomp.unshare")},
	{"FS-005", "mounts./p /proc", "p.toml:5:25", High, `mounts.bind = [{ from = "/proc", at = "/p" }]` + why("mounts./p"), `mounts.bind = [{ from = "/usr", at = "/p" }]`},
	{"FS-007", "mounts./w", "p.toml:5:24", Medium, "mounts.tmpfs = [{ at = \"/w\", size = \"64M\" }]\ncgroup.memory.max = \"32M\"", "mounts.tmpfs = [{ at = \"/w\", size = \"64M\" }]\ncgroup.memory.max = \"64M\""},
	{"FS-008", "mounts./app /home/x/app", "p.toml:5:25", High, `mounts.bind = [{ from = "/home/x/app", at = "/app", exec = true }]`, `mounts.bind = [{ from = "/usr/lib/x", at = "/app", exec = true }]`},
	{"FS-010", "root.image /usr/share/a.erofs", "p.toml:5:23", Medium, `root.image = { file = "/usr/share/a.erofs" }`, verifiedImage},
	{"FS-010", "root.image /var/lib/a.erofs", "p.toml:5:23", High, `root.image = { file = "/var/lib/a.erofs" }`, verifiedImage},
	{"FS-008", "root.path /srv/root", "p.toml:5:13", High, `root.path = "/srv/root"`, `root.path = "/usr/lib/root"`},

	{"NS-001", "namespaces.ipc", "p.toml:5:21", High, `namespaces.share = ["ipc"]` + why("namespaces.ipc"), ``},
	{"NS-002", "namespaces.net", "p.toml:5:1", Medium, "network.mode = \"host\"\nseccomp.allow = [\"@net-server\"]" + why("namespaces.net"), `seccomp.allow = ["@net-server"]`},
	{"NS-002", "namespaces.net", "p.toml:5:21", Medium, "namespaces.share = [\"net\"]\nmanager.pass_fds = [\"x.socket\"]" + why("namespaces.net"), `manager.pass_fds = ["x.socket"]`},
	{"NS-002", "namespaces.net", "p.toml:5:21", Low, `namespaces.share = ["net"]` + why("namespaces.net"), ``},
	{"NS-003", "exec.user", "p.toml:5:6", Medium, "exec.user = \"0\"\nexec.group = \"5\"" + why("exec.user"), "exec.user = \"5\"\nexec.group = \"5\""},
	{"NS-003", "exec.user", "p.toml:5:6", Medium, "exec.user = \"7\"\nexec.group = \"7\"\nnamespaces.user = { uid = [\"7 0 1\"], gid = [\"0 5 100\"] }" + why("exec.user", "namespaces.user"),
		"exec.user = \"0\"\nexec.group = \"0\"\nnamespaces.user = { uid = [\"0 5 1\"], gid = [\"0 5 100\"] }"},
	{"NS-003", "namespaces.user", "p.toml:7:12", Medium, "exec.user = \"1\"\nexec.group = \"1\"\nnamespaces.user = { uid = [\"0 0 100\"], gid = [\"0 5 100\"] }" + why("namespaces.user"),
		"exec.user = \"1\"\nexec.group = \"1\"\nnamespaces.user = { uid = [\"0 1 100\"], gid = [\"0 5 100\"] }"},
	{"NS-002", "namespaces.net", "p.toml:5:1", Low, `network.mode = "join:/run/netns/x"`, ``},
	{"NS-002", "namespaces.net", "p.toml:5:1", Medium, "network.mode = \"join:/run/netns/x\"\nseccomp.allow = [\"@net-server\"]", ``},
	{"CAP-006", "capabilities.NET_ADMIN", "p.toml:6:22", High, "network.mode = \"join:/run/netns/x\"\ncapabilities.keep = [\"NET_ADMIN\"]" + why("capabilities.NET_ADMIN"),
		"network.mode = \"join:/run/netns/x\"\ncapabilities.keep = [\"NET_ADMIN\"]\nexec.user = \"0\"\nexec.group = \"0\"\nnamespaces.user = { uid = [\"0 5 1\"], gid = [\"0 5 1\"] }" + why("capabilities.NET_ADMIN")},
	{"PRC-002", "exec.group", "p.toml:5:6", Medium, "exec.group = \"7\"\nexec.user = \"5\"\nnamespaces.user = { uid = [\"0 5 100\"], gid = [\"7 0 1\"] }" + why("exec.group", "namespaces.user"),
		"exec.group = \"0\"\nexec.user = \"0\"\nnamespaces.user = { uid = [\"0 5 100\"], gid = [\"0 5 100\"] }"},
	{"NS-004", "namespaces.uts", "p.toml:5:21", Low, `namespaces.share = ["uts"]` + why("namespaces.uts"), ``},
	{"LSM-001", "lsm", "default", High, "exec.user = \"0\"\nexec.group = \"5\"" + why("exec.user"), `lsm.apparmor.profile = "x"`},
	{"LSM-001", "lsm", "default", Medium, `mounts.bind = [{ from = "/var/lib/x", writable = true }]`, `lsm.selinux.type = "x_t"`},
	{"LSM-001", "lsm", "default", Medium, `manager.pass_fds = ["x.socket"]`, `lsm.selinux.type = "x_t"`},
	{"LSM-001", "lsm", "default", High, `capabilities.keep = ["CHOWN"]` + why("capabilities.CHOWN"), `lsm.selinux.type = "x_t"`},
	{"LSM-001", "lsm", "default", Medium, `capabilities.keep = ["NET_BIND_SERVICE"]`, `lsm.selinux.type = "x_t"`},
	{"LSM-001", "lsm", "default", Low, ``, `lsm.selinux.type = "x_t"`},
	{"LSM-001", "lsm", "p.toml:5:1", Low, `lsm.landlock.min_abi = 0`, `lsm.landlock.min_abi = 6`},
	{"LSM-004", "lsm.landlock", "p.toml:5:5", Medium, `lsm.landlock = { min_abi = 3, bind = [80] }`, `lsm.landlock = { bind = [80] }`},
	{"LSM-004", "lsm.landlock", "p.toml:6:5", Medium, "mounts.tmpfs = [{ at = \"/w\" }]\nlsm.landlock = { min_abi = 2, rw = [\"/w/x/\"] }", "mounts.tmpfs = [{ at = \"/w\" }]\nlsm.landlock = { rw = [\"/w/x/\"] }"},
	{"LSM-007", "lsm.landlock", "p.toml:5:5", Low, `lsm.landlock.off = true` + why("lsm.landlock.off"), `lsm.landlock.bind = []`},
	{"LSM-007", "lsm.landlock", "default", Low, `seccomp.allow = ["mount"]` + why("seccomp.mount"), ``},
	{"LSM-008", "seccomp.socket", "p.toml:6:18", Medium, "lsm.landlock.bind = [80]\nseccomp.allow = [\"@net-server\"]",
		"lsm.landlock.bind = [80]\nseccomp.allow = [\"@net-server\"]\nseccomp.when.socket = \"family == AF_INET && protocol != IPPROTO_MPTCP\""},
	{"LSM-003", "lsm.selinux", "p.toml:5:5", High, `lsm.selinux.type = "spc_t"`, `lsm.selinux.type = "x_t"`},
	{"LSM-005", "lsm.apparmor", "p.toml:5:5", Medium, `lsm.apparmor = { profile = "x", require = false }`, `lsm.apparmor = { profile = "x" }`},
	{"PRC-002", "exec.user", "p.toml:5:6", High, "exec.user = \"0\"\nexec.group = \"5\"" + why("exec.user"), "exec.user = \"1\"\nexec.group = \"5\""},
	{"PRC-002", "exec.group", "p.toml:5:6", Medium, "exec.group = \"0\"\nexec.user = \"5\"" + why("exec.group"), "exec.group = \"1\"\nexec.user = \"5\""},
	{"PRC-003", "exec.env LD_PRELOAD", "p.toml:5:14", Medium, `exec.env = { LD_PRELOAD = "/x.so" }`, `exec.env = { LANG = "C" }`},
	{"PRC-003", "exec.rlimits core", "p.toml:5:18", Medium, `exec.rlimits = { core = "1M" }`, `exec.rlimits = { core = "0" }`},
	{"PRC-004", "exec.umask", "p.toml:5:6", Medium, `exec.umask = "0022"`, `exec.umask = "0077"`},
	{"CG-001", "cgroup.pids.max", "default", Low, `cgroup.memory.max = "64M"`, `cgroup.pids.max = 64`},
	{"CG-001", "cgroup.memory.max", "p.toml:5:21", Medium, "cgroup.memory.max = \"max\"\nnetwork.mode = \"host\"" + why("namespaces.net"), `cgroup.memory.max = "64M"`},
	{"CG-002", "mounts./c /sys/fs/cgroup", "p.toml:5:25", Medium, `mounts.bind = [{ from = "/sys/fs/cgroup", at = "/c", writable = true }]` + why("mounts./c"), "mounts.sysfs = true\nmounts.cgroup = true"},
	{"CG-003", "mounts./x /dev/dri", "p.toml:5:25", Low, `mounts.bind = [{ from = "/dev/dri", at = "/x" }]` + why("mounts./x"),
		"mounts.bind = [{ from = \"/dev/dri\", at = \"/x\" }]\ncgroup.devices = [{ at = \"/dev/card0\", device = \"c 226:0\" }]" + why("mounts./x", "cgroup.devices./dev/card0")},
	{"WV-001", "waive NS-002", "p.toml:6:8", High, "[[waive]]\nrule = \"NS-002\"\nwhy = \"this is only a test\"\nuntil = 2026-11-27\n",
		"network.mode = \"host\"" + why("namespaces.net") + "[[waive]]\nrule = \"NS-002\"\nwhy = \"this is only a test\"\nuntil = 2026-11-26\n"},
}

// Each rule finds what it is for, at its place, and nothing in a policy next to it.
func TestGoldenRulesOnTexts(t *testing.T) {
	var evidence strings.Builder
	for _, c := range texts {
		t.Run(c.rule+" "+c.subject, func(t *testing.T) {
			r := audited(compiled(t, head+c.finds))
			f := of(r, c.rule, c.subject)
			if f == nil {
				t.Fatalf("not found in\n%s\n%v", c.finds, findings(r, c.rule))
			}
			if f.Severity != c.severity {
				t.Errorf("severity %s", f.Severity)
			}
			if got := f.where(); got != c.where && !(c.where == "default" && (f.At == "default" || f.At == "@casemate-init")) {
				t.Errorf("at %s (%s)", got, f.At)
			}
			fmt.Fprintf(&evidence, "%s\n\t%s: %s %s %s: %s\n", strings.ReplaceAll(c.finds, "\n", "\n  "), f.where(), f.Rule.ID, f.Severity, f.Subject, f.Message)
			if f.Witness != nil {
				fmt.Fprintf(&evidence, "\t%s\n", f.Witness)
				f.shows(t, compiled(t, head+c.finds))
			}
			if f := of(audited(compiled(t, head+c.close)), c.rule, c.subject); f != nil {
				t.Errorf("found in\n%s\n%s: %s", c.close, f.where(), f.Message)
			}
		})
	}
	golden(t, "evidence.txt", []byte(evidence.String()))
}

// of is the finding of a rule on a subject; nil for none.
func of(r *Report, rule, subject string) *Finding {
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Rule.ID == rule && f.Subject == subject {
			return f
		}
	}
	return nil
}

var verifiedImage = `root.image = { file = "/var/lib/a.erofs", verity = "/var/lib/a.verity", root_hash = "` + strings.Repeat("1f", 32) + `" }`

// mappedTo is a user namespace whose root is an id of the host.
func mappedTo(id string) string {
	return "\nexec.user = \"0\"\nexec.group = \"0\"\nnamespaces.user = { uid = [\"0 " + id + " 1\"], gid = [\"0 7 1\"] }\n"
}

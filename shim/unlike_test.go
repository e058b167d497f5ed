package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"casemate/internal/caps"
	"casemate/internal/exit"
	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"
	"casemate/internal/verify"
	"casemate/tests/lab"

	"golang.org/x/sys/unix"
)

// A launch in which one thing went wrong, as a bug of ours or of the kernel's would make it:
// each call has succeeded, and only the verification can tell. The shim is this program: it
// makes the plan as the shim does, changes it, and goes on as the shim does. Init is the real
// one, but for two rows; the workload, this program again, leaves a mark when it runs.
type unlike struct {
	name   string
	change func(l *launched)
	want   []string // what differs, all of it
	fake   bool     // init is fakeInit, in the way that the second word of the name says
	tty    bool     // descriptor 0 is a terminal
	mapped bool     // with a user and a time namespace, and a mount that has its ids mapped
	needs  string   // a controller of cgroup v2
	domain bool     // the policy has one of Landlock
	mdwe   bool     // the policy wants it
	lsm    string   // a security module by which the policy has a label
}

// mark is what the workload says.
const mark = "the workload runs\n"

var unlikes = []unlike{
	{name: "another uid", change: func(l *launched) { ids(l, plan.Setresuid) }, want: []string{"Uid"}},
	{name: "another gid", change: func(l *launched) { ids(l, plan.Setresgid) }, want: []string{"Gid"}},
	{name: "groups of root", change: func(l *launched) { set(l, "setgroups(", plan.Num(0), plan.Null()) }, want: []string{"Groups"}},
	{name: "umask", change: func(l *launched) { set(l, "umask(027)", plan.Mode(0)) }, want: []string{"Umask"}},
	{name: "inheritable capability", change: inheritable, want: []string{"CapInh"}},
	{name: "no ambient capability", change: func(l *launched) { drop(l, "PR_CAP_AMBIENT_RAISE, CAP_SYS_TIME") }, want: []string{"CapPrm", "CapEff", "CapAmb"}},
	{name: "bounding set", change: func(l *launched) { drop(l, "PR_CAPBSET_DROP, CAP_SYS_ADMIN)") }, want: []string{"CapBnd"}},
	{name: "no_new_privs", change: filterEarly, want: []string{"NoNewPrivs"}},
	{name: "no filter", change: func(l *launched) { drop(l, "seccomp(") }, want: []string{"Seccomp", "Seccomp_filters", "seccomp program"}},
	{name: "two filters", change: func(l *launched) { add(l, "seccomp(", l.plan.Steps[at(l, "seccomp(")]) }, want: []string{"Seccomp_filters"}},
	{name: "another filter", change: func(l *launched) { instead(l, "seccomp(", 2, plan.Filter(twoInstructions(7))) }, want: []string{"seccomp program"}},
	{name: "securebits", change: func(l *launched) { drop(l, "PR_SET_SECUREBITS") }, want: []string{"securebits"}},
	{name: "memory executed", mdwe: true, change: func(l *launched) { drop(l, "PR_SET_MDWE") }, want: []string{"mdwe"}},
	{name: "init dumpable", fake: true, change: nothing, want: []string{"dumpable", "owner"}},
	{name: "init outliving", fake: true, change: nothing, want: []string{"death signal"}},

	{name: "the host's ipc", change: func(l *launched) { l.plan.Clone.Int &^= unix.CLONE_NEWIPC }, want: []string{"namespace ipc"}},
	{name: "the host's pids", change: func(l *launched) { l.plan.Clone.Int &^= unix.CLONE_NEWPID }, want: []string{"pid inside", "namespace pid"}},
	{name: "the host's cgroups", change: func(l *launched) { drop(l, "unshare(") }, want: []string{"namespace cgroup"}},
	{name: "the host's ids", mapped: true, change: func(l *launched) { drop(l, "setns(ns:user") }, want: []string{"…", "Uid", "Gid", "Groups", "namespace user", "map uid", "map gid"}},
	{name: "the host's network", mapped: true, change: func(l *launched) { drop(l, "setns(ns:net") }, want: []string{"namespace net"}},
	{name: "the host's clocks", mapped: true, change: func(l *launched) { drop(l, "setns(ns:time_for_children") }, want: []string{"namespace time", "clocks"}},
	{name: "another map", mapped: true, change: func(l *launched) { l.plan.Holder.Files[0].Value = "0 200000 65536\n" }, want: []string{"Uid", "map uid"}},
	{name: "another map of groups", mapped: true, change: func(l *launched) { l.plan.Holder.Files[1].Value = "0 300000 65536\n" }, want: []string{"Gid", "Groups", "map gid"}},
	{name: "another clock", mapped: true, change: func(l *launched) { l.plan.Holder.Files[2].Value = "boottime 7 0\n" }, want: []string{"clocks"}},
	{name: "the bounding set before the user namespace", mapped: true, change: func(l *launched) {
		n := at(l, "setns(ns:user")
		enter := l.plan.Steps[n]
		l.plan.Steps = slices.Delete(l.plan.Steps, n, n+1)
		add(l, fmt.Sprintf("PR_CAPBSET_DROP, %s)", caps.Name(int(l.facts.CapLast))), enter)
	}, want: []string{"CapBnd"}},
	{name: "ids not mapped", mapped: true, change: func(l *launched) {
		for i := range l.plan.Opens {
			l.plan.Opens[i].IDMap = false
		}
	}, want: []string{"mount /data"}},
	{name: "the kernel's files in proc", mapped: true, change: func(l *launched) { drop(l, `fsconfig(fs, FSCONFIG_SET_STRING, "subset"`) }, want: []string{"type /proc"}},
	{name: "host name", change: func(l *launched) { instead(l, "sethostname(", 0, plan.String("unlikf")) }, want: []string{"hostname"}},
	{name: "loopback", change: func(l *launched) { drop(l, "SIOCSIFFLAGS") }, want: []string{"loopback"}},
	{name: "another cgroup", change: leaveCgroup, want: []string{"cgroup"}},
	{name: "no session", change: func(l *launched) { drop(l, "setsid()") }, want: []string{"process group", "session"}},
	{name: "a terminal", tty: true, change: func(l *launched) {
		add(l, "setsid()", step(plan.Ioctl, plan.Num(0), plan.Num(unix.TIOCSCTTY), plan.Num(0)))
	}, want: []string{"terminal"}},

	{name: "resource limit", change: func(l *launched) { drop(l, "RLIMIT_NOFILE") }, want: []string{"limit open files"}},
	{name: "control file", needs: "pids", change: func(l *launched) { l.plan.Cgroup.Files = nil }, want: []string{"cgroup file pids.max"}},
	{name: "no device program", change: func(l *launched) { l.plan.Cgroup.Devices = nil }, want: []string{"device program"}},
	{name: "oom_score_adj", change: func(l *launched) { drop(l, `write(file, "100"`) }, want: []string{"oom_score_adj"}},
	{name: "personality", change: func(l *launched) { set(l, "personality(", plan.Num(addrNoRandomize)) }, want: []string{"personality"}},

	{name: "no profile", lsm: "apparmor", change: func(l *launched) { drop(l, `write(file, "exec `+labels["apparmor"]) }, want: []string{"apparmor"}},
	{name: "another profile", lsm: "apparmor", change: func(l *launched) {
		instead(l, `write(file, "exec `+labels["apparmor"], 1, plan.String("exec "+otherProfile))
	}, want: []string{"apparmor"}},
	{name: "no domain", lsm: "selinux", change: func(l *launched) { drop(l, `attr/exec"`, `write(file, "`+labels["selinux"]) }, want: []string{"selinux"}},
	{name: "another level", lsm: "selinux", change: func(l *launched) {
		l.plan.Steps[at(l, `attr/exec"`)+1].Args[1] = plan.String(otherLevel)
	}, want: []string{"selinux"}},

	{name: "another init", change: func(l *launched) {
		add(l, "dup3(init, 5", opens(l.options.init, unix.O_PATH, "other"), step(plan.Dup3, plan.Slot("other"), plan.Num(5), plan.Num(unix.O_CLOEXEC)))
	}, want: []string{"program"}},
	{name: "init argued with", fake: true, change: func(l *launched) { instead(l, "execveat(", 2, plan.Strings([]string{"casemate-init", "x"})) }, want: []string{"arguments"}},
	{name: "environment", change: func(l *launched) {
		instead(l, "execveat(", 3, plan.Strings([]string{"GOMAXPROCS=1", "GOGC=off", "GOTRACEBACK=all"}))
	}, want: []string{"environment"}},
	{name: "one descriptor more", change: func(l *launched) { add(l, "close_range(", step(plan.Dup3, plan.Num(1), plan.Num(9), plan.Num(0))) }, want: []string{"descriptors"}},
	{name: "another descriptor", change: func(l *launched) { add(l, "close_range(", step(plan.Dup3, plan.Num(1), plan.Num(2), plan.Num(0))) }, want: []string{"descriptor 2"}},
	{name: "the host's null device", change: func(l *launched) { drop(l, "dup3(null, 0, 0)") }, want: []string{"descriptor 0"}},
	{name: "another gate", change: func(l *launched) {
		add(l, "close_range(", step(plan.Dup3, plan.Num(4), plan.Num(9), plan.Num(0)))
	}, want: []string{"descriptors"}},

	{name: "directory", change: func(l *launched) { add(l, `chdir("/")`, step(plan.Chdir, plan.String("/tmp"))) }, want: []string{"directory"}},
	{name: "sources exchanged", change: exchange, want: []string{"source /data", "source /more"}},
	{name: "another file system", change: func(l *launched) { instead(l, `fsopen("mqueue"`, 0, plan.String("ramfs")) }, want: []string{"type /dev/mqueue"}},
	{name: "size", change: func(l *launched) { instead(l, `"size", "65536"`, 3, plan.String("131072")) }, want: []string{"bounds /tmp"}},
	{name: "owner of a mount", change: func(l *launched) { instead(l, `"mode", "01777"`, 3, plan.String("0777")) }, want: []string{"standing /tmp"}},
	{name: "a mask that can be read", change: func(l *launched) { instead(l, "S_IFREG|0000", 2, plan.Num(unix.S_IFREG|0o444)) }, want: []string{"standing /proc/keys"}},
	{name: "inodes of the masks", change: func(l *launched) { instead(l, `"nr_inodes", "4"`, 3, plan.String("5")) }, want: []string{"type /proc/keys", "type /proc/sys/kernel/random"}},
	{name: "another device", change: func(l *launched) { instead(l, `"zero", S_IFCHR`, 3, plan.Num(unix.Mkdev(1, 7))) }, want: []string{"node /dev/zero"}},
	{name: "link", change: func(l *launched) { instead(l, `symlinkat("tmp", root, "short")`, 0, plan.String("data")) }, want: []string{"link /short"}},

	{name: "shared mounts", change: func(l *launched) { add(l, `chdir("/")`, remount("/tmp", unix.MS_SHARED)) }, want: []string{"mount /tmp"}},
	{name: "an unknown mount", change: func(l *launched) { add(l, `chdir("/")`, tmpfsAt("/proc/bus")) }, want: []string{"mount /proc/bus"}},
	{name: "a mount over another", change: func(l *launched) { add(l, `chdir("/")`, tmpfsAt("/tmp")) }, want: []string{"mount /tmp", "bounds /tmp"}},
	{name: "a mount over the root", change: func(l *launched) { add(l, `chdir("/")`, tmpfsAt("/")) }, want: []string{"mount /", "root", "directory"}},
	{name: "a mount over a mask", change: func(l *launched) { add(l, `chdir("/")`, tmpfsAt("/proc/sys/kernel/random")) },
		want: []string{"mount /proc/sys/kernel/random", "type /proc/sys/kernel/random", "standing /proc/sys/kernel/random"}},
	{name: "the root not sealed", change: func(l *launched) { drop(l, `mount_setattr(root, "", AT_EMPTY_PATH, {RDONLY}`) }, want: []string{"mount /"}},
	{name: "a copy without what lies below", change: func(l *launched) {
		instead(l, "AT_EMPTY_PATH|AT_RECURSIVE) -> cover", 2, plan.Num(unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH))
	}, want: []string{"mount /proc/sys/kernel/random", "type /proc/sys/kernel/random", "standing /proc/sys/kernel/random"}},
	{name: "the tmpfs of the masks left", change: func(l *launched) { drop(l, `umount2("/", MNT_DETACH)`) }, want: []string{"mount /", "root", "directory"}},
	{name: "a mask less", change: func(l *launched) {
		drop(l, `openat2(mount:/proc, "keys"`, `open_tree(mask, "file"`, "move_mount(cover")
	}, want: []string{"mount /proc/keys"}},
	{name: "not pivoted", change: func(l *launched) { drop(l, "fchdir(root)", "pivot_root(", `umount2(".", MNT_DETACH)`) }, want: []string{"…", "mount /", "root", "directory"}},
}

// unbroken are kinds of checks that no change of a plan breaks here, and why.
var unbroken = map[string]string{
	"speculation":     "needs a processor about whose speculation a process decides",
	"core scheduling": "needs CONFIG_SCHED_CORE, and cores with two threads",
}

func TestUnlikeIsRefused(t *testing.T) {
	needRoot(t)
	some := lab.Some(t, unlikes)
	for _, u := range unlikes {
		// Those that want something of the machine run in every one.
		if !u.wants() && !slices.ContainsFunc(some, func(s unlike) bool { return s.name == u.name }) {
			continue
		}
		t.Run(u.name, func(t *testing.T) {
			l := u.launching(t)
			code := u.ends(t, l)
			if got := differing(l.err.String()); code != exit.Unlike || !u.matches(got) {
				t.Errorf("%d; differs in %q, not in %q: %s", code, got, u.want, l.err.String())
			}
			if strings.Contains(l.out.String(), mark) || strings.Contains(l.out.String(), "started") {
				t.Error("the workload has run")
			}
			l.left(t)
		})
	}
}

// What the verification cannot see, the launch itself asks for: a keyring that is not its own
// is not found.
func TestUnlikeKeyring(t *testing.T) {
	l := forgetful.launching(t)
	if code := l.ends(t); code != exit.Step || !strings.Contains(l.err.String(), "(keyring): keyctl(KEYCTL_GET_KEYRING_ID, keyring, 0)") || l.out.Len() != 0 {
		t.Errorf("%d, %q: %s", code, l.out.String(), l.err.String())
	}
	l.left(t)
}

var forgetful = unlike{name: "no keyring", change: func(l *launched) {
	n := at(l, "KEYCTL_JOIN_SESSION_KEYRING")
	l.plan.Steps[n].Op = plan.Prctl // answers 0
	set(l, "KEYCTL_JOIN_SESSION_KEYRING", plan.Num(unix.PR_SET_DUMPABLE), plan.Num(0))
}}

// Without a change the same launch is what it should be, by either init.
func TestUnlikeUnchanged(t *testing.T) {
	needRoot(t)
	for _, u := range []unlike{{name: "unchanged", change: nothing}, {name: "init 0", fake: true, change: nothing}, {name: "unchanged on a terminal", change: nothing, tty: true},
		{name: "unchanged with maps", change: nothing, mapped: true}, {name: "unchanged with a limit", change: nothing, needs: "pids"},
		{name: "unchanged with a profile", change: nothing, lsm: "apparmor"}, {name: "unchanged with a domain", change: nothing, lsm: "selinux"}} {
		t.Run(u.name, func(t *testing.T) {
			l := u.launching(t)
			if code := u.ends(t, l); code != 0 || !strings.Contains(l.out.String(), mark) && !u.fake {
				t.Errorf("%d, %q: %s", code, l.out.String(), l.err.String())
			}
			l.left(t)
		})
	}
}

// wants: not every machine has what the row needs.
func (u unlike) wants() bool { return u.needs != "" || u.mapped || u.mdwe || u.domain || u.lsm != "" }

// ends runs the shim to its end, and skips where the files of tests cannot have their ids
// mapped.
func (u unlike) ends(t *testing.T, l *launching) int {
	t.Helper()
	code := l.ends(t)
	if u.mapped && strings.Contains(l.err.String(), "cannot have its ids mapped by this kernel") {
		t.Skip("needs a file system for temporary files whose ids can be mapped")
	}
	return code
}

// Every kind of check has a row that breaks it.
func TestUnlikeIsComplete(t *testing.T) {
	broken := map[string]bool{}
	for _, u := range unlikes {
		for _, name := range u.want {
			broken[verify.KindOf(name)] = true
		}
	}
	for _, kind := range verify.Kinds() {
		if broken[kind] == (unbroken[kind] != "") {
			t.Errorf("%q: broken %v, a reason why not %q", kind, broken[kind], unbroken[kind])
		}
	}
}

func (u unlike) matches(got []string) bool {
	if u.want[0] != "…" {
		return slices.Equal(got, u.want)
	}
	return !slices.ContainsFunc(u.want[1:], func(w string) bool { return !slices.Contains(got, w) })
}

var differs = regexp.MustCompile(`(?m)^(?:casemate-shim: (?:verification: )?)?\s*(.+?): the policy wants`)

func differing(text string) (names []string) {
	for _, m := range differs.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

func needMDWE(t *testing.T) {
	t.Helper()
	if _, err := unix.PrctlRetInt(unix.PR_GET_MDWE, 0, 0, 0, 0); err != nil {
		t.Skip("needs PR_SET_MDWE (Linux 6.3): ", err)
	}
}

// unlikeEnv names the row that the shim follows.
const unlikeEnv = "CASEMATE_UNLIKE"

func (u unlike) launching(t *testing.T) *launching {
	t.Helper()
	p := everything(t)
	if u.needs != "" {
		f, err := facts.Probe(facts.HostView(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(f.Cgroup.Controllers, u.needs) {
			t.Skipf("needs the cgroup v2 controller %q (tests/vm has it)", u.needs)
		}
		p.Limits = []sealed.Limit{{File: "pids.max", Value: "100"}}
	}
	if u.mdwe {
		needMDWE(t)
		p.Exec.Memory.MDWE = true
	}
	if u.domain {
		p.LSM.Landlock = everywhere
	}
	if u.mapped {
		withMaps(p)
	}
	if u.lsm != "" {
		withLabel(t, p, u.lsm)
	}
	l := shimOf(t, p)
	if u.fake {
		_, word, _ := strings.Cut(u.name, " ")
		l.Args = append(l.Args, word)
	} else {
		l.Args[slices.Index(l.Args, "-init")+1] = realInit(t)
		if u.lsm == "selinux" {
			entryPoint(t, realInit(t))
		}
	}
	l.Env = []string{unlikeEnv + "=" + u.name}
	if u.tty {
		l.Stdin = terminal(t)
	}
	return l
}

// changedShim is the shim, with the row's change.
func changedShim(name string) int {
	quitOn := func(err error) {
		if err != nil {
			quit(err)
		}
	}
	quitOn(harden())
	quitOn(unix.CloseRange(3, ^uint(0)>>32, unix.CLOSE_RANGE_CLOEXEC))
	o := options{fd: -1, ready: -1, extra: os.Args[slices.Index(os.Args, "--")+1:]}
	o.init, o.state, o.policy = os.Args[3], os.Args[5], os.Args[6]
	l, signals, err := lowered(o)
	quitOn(err)
	for _, u := range slices.Concat(unlikes, undone, []unlike{forgetful}) {
		if u.name == name {
			u.change(l)
		}
	}
	code, err := l.whole(signals)
	quitOn(err)
	return code
}

// everything is a policy with something of all that is verified.
func everything(t *testing.T) *sealed.Policy {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	self, err = filepath.EvalSymlinks(self)
	if err != nil {
		t.Fatal(err)
	}
	one, two := t.TempDir(), t.TempDir()
	p := simple(fmt.Sprintf("unlike-%d", os.Getpid()))
	p.Exec = sealed.Exec{
		Argv: []string{"/app"}, Cwd: "/", UID: 1234, GID: 4321, Groups: []uint32{7, 20}, Umask: 0o027, SetOOM: true, OOMScore: 100,
		Rlimits: []sealed.Rlimit{{Resource: unix.RLIMIT_CORE}, {Resource: unix.RLIMIT_NOFILE, Soft: 256, Hard: 257}},
	}
	p.Namespaces.Hostname = "unlike"
	p.Root.Symlinks = []sealed.Symlink{{Path: "/short", Target: "tmp"}}
	p.Mounts = []sealed.Mount{
		{Kind: sealed.Bind, Target: "/app", Source: self, Type: sealed.RegularFile, Exec: true},
		{Kind: sealed.Bind, Target: "/data", Source: one}, {Kind: sealed.Bind, Target: "/more", Source: two},
		{Kind: sealed.Tmpfs, Target: "/tmp", Mode: 0o1777, Size: 65536, Inodes: 16, Writable: true},
		{Kind: sealed.Dev, Target: "/dev", Devices: true, Size: 65535, Inodes: 32},
		{Kind: sealed.Mqueue, Target: "/dev/mqueue", Writable: true},
		{Kind: sealed.Proc, Target: "/proc"},
	}
	p.Masks = []sealed.Path{{Path: "/proc/keys", Type: sealed.RegularFile}, {Path: "/proc/sys/kernel/random", Type: sealed.Directory}}
	p.ReadOnly = []sealed.Path{{Path: "/proc/sys"}}
	p.Caps = sealed.Capabilities{Keep: 1<<unix.CAP_CHOWN | 1<<unix.CAP_SYS_TIME, Ambient: 1 << unix.CAP_SYS_TIME}
	p.Filters = []sealed.Filter{{Arch: sealed.ArchAMD64, Program: twoInstructions(0), By: "test"}, {Arch: sealed.ArchARM64, Program: twoInstructions(0), By: "test"}}
	p.Devices = []sealed.Device{{Path: "/dev/probe", Major: 10, Minor: 237, Access: sealed.AccessRead}}
	return p
}

// withMaps gives a policy a user and a time namespace.
func withMaps(p *sealed.Policy) {
	n := &p.Namespaces
	n.New |= unix.CLONE_NEWUSER | unix.CLONE_NEWTIME
	n.UIDs, n.GIDs = []sealed.IDRange{{Outside: 100000, Count: 65536}}, []sealed.IDRange{{Outside: 200000, Count: 65536}}
	n.Clocks.Boottime = 5e9
	p.Masks, p.ReadOnly = nil, nil
	for i := range p.Mounts {
		p.Mounts[i].IDMap = p.Mounts[i].Target == "/data"
		p.Mounts[i].PIDOnly = p.Mounts[i].Kind == sealed.Proc
	}
}

// twoInstructions load a word of the arguments, and allow.
func twoInstructions(word byte) []byte {
	return []byte{0x20, 0, 0, 0, 4 * word, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0xff, 0x7f}
}

// realInit is casemate-init.
var realInit = func() func(t *testing.T) string {
	build := sync.OnceValues(func() (string, error) {
		dir, err := os.MkdirTemp("", "casemate-unlike-")
		if err != nil {
			return "", err
		}
		removeAtEnd = dir
		return dir + "/casemate-init", lab.Init(dir+"/casemate-init", "tested")
	})
	return func(t *testing.T) string {
		t.Helper()
		path, err := build()
		if _, missing := os.Stat(path); missing != nil {
			t.Skipf("needs casemate-init, or a compiler: %v", err)
		}
		return path
	}
}()

// removeAtEnd is a directory of the whole test program's.
var removeAtEnd string

// terminal is the one end of a pseudoterminal that is nobody's.
func terminal(t *testing.T) *os.File {
	t.Helper()
	master, slave, err := lab.Terminal()
	if err != nil {
		t.Skip("needs pseudoterminals: ", err)
	}
	t.Cleanup(func() { master.Close(); slave.Close() })
	return slave
}

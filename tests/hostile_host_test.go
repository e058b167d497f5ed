package tests

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"casemate/internal/facts"

	"golang.org/x/sys/unix"
)

// A shim that was started with 200 descriptors of the host leaves none to the workload, and
// init keeps none of them (CVE-2024-21626).
func TestS09InheritedDescriptors(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("inherit", `"/app/probe"`, ""))
	p := &process{cmd: exec.Command(filepath.Join(bin, "casemate-shim"), "run", sealed), done: make(chan error, 1)}
	kinds := []string{"/", "/proc", "/etc/passwd", "/sys", "/proc/self/ns/mnt", "/dev/null"}
	for i := range 197 {
		f, err := os.Open(kinds[i%len(kinds)])
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		p.cmd.ExtraFiles = append(p.cmd.ExtraFiles, f)
	}
	p.start(t)
	r := decoded(t, p.wait(t))
	equal(t, "descriptors of the workload", len(r.FDs), 3)
}

// A working directory, or an entry point, that is a magic link of /proc or leads through one
// is refused or leads nowhere: never to a directory of the host.
func TestS09WorkingDirectoryThroughDescriptors(t *testing.T) {
	needRoot(t)
	h := newHostileRoot(t)
	for name, target := range map[string]string{"fd": "/proc/self/fd/3", "up": "/proc/self/fd/3/../../..", "root": "/proc/self/root", "cwd": "/proc/self/cwd", "one": "/proc/1/root", "init": "/proc/1/cwd"} {
		if err := os.Symlink(target, filepath.Join(h.root, name)); err != nil {
			t.Fatal(err)
		}
	}
	head := "[root]\npath = \"" + h.root + "\"\n[mounts]\nbind = [{ from = \"" + bin + "/app\", at = \"/app\", exec = true }]\n"
	for _, cwd := range []string{"/proc/self/fd/3", "/proc/self/fd/7", "/proc/self/fd/7/../..", "/fd", "/up", "/one", "/init", "/proc/1/root", "/proc/1/cwd", "/root", "/cwd"} {
		source := write(t, policy("cwd", "", "[exec]\nargv = [\"/app/probe\", \"list:.\"]\ncwd = \""+cwd+"\"\n"+head))
		out := filepath.Join(t.TempDir(), "x")
		if r := command(t, filepath.Join(bin, "casemate"), "compile", "-o", out, source); r.code == 2 {
			continue // refused earlier still
		}
		r := launch(t, out)
		switch r.code {
		case 248, 126, 127:
		case 0:
			// "/root" is the container's own root, by init's magic link: inside.
			if got := decoded(t, r); got.Cwd != "/" || slices.Contains(got.Root, "home") {
				t.Errorf("%s: the workload is in %q, %v", cwd, got.Cwd, got.Root)
			}
		default:
			t.Errorf("%s: %s", cwd, r)
		}
	}
	for _, entry := range []string{"/proc/self/fd/5", "/proc/self/exe", "/fd", "/proc/1/exe"} {
		r := launch(t, compiled(t, policy("cwd", `"`+entry+`"`, head)))
		if r.code != 126 && r.code != 127 && r.code != 246 {
			t.Errorf("entry point %s: %s", entry, r)
		}
	}
}

// init holds what it needs and nothing of the host: no directory, no regular file of a file
// system of the host but what the manager gave as standard streams.
func TestS10DescriptorsOfInit(t *testing.T) {
	needRoot(t)
	p := running(t, compiled(t, policy("resident", `"/app/probe", "sleep"`, "")))
	p.until(t, "ready")
	init := initOf(t, p)
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", init))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", init, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := strings.Cut(target, ":")
		if kind != "socket" && kind != "pipe" && kind != "anon_inode" && !(target == "/dev/null" && len(e.Name()) == 1 && e.Name() < "3") {
			t.Errorf("descriptor %s is %s", e.Name(), target)
		}
	}
	for link, want := range map[string]string{"cwd": "/", "root": "/"} {
		if got, err := os.Readlink(fmt.Sprintf("/proc/%d/%s", init, link)); err != nil || got != want {
			t.Errorf("%s of init is %q, %v", link, got, err)
		}
	}
	// Its runtime's other threads end once it has nothing to do.
	threads := func() string { return procField(t, init, "Threads") }
	eventually(t, func() bool { return threads() == "1" }, func() string { return "init has " + threads() + " threads" })
	p.signal(t, syscall.SIGTERM)
	p.wait(t)
}

// While launches go on, another process of the workload's user looks for the launcher's and
// tries to look into them, at every moment it finds one (CVE-2016-9962, CVE-2026-41163).
func TestS17LookedIntoDuringTheLaunch(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("prowled", `"/app/probe", "exit", "9"`, ""))
	in, out := io.Pipe()
	p := &process{cmd: exec.Command(filepath.Join(bin, "app", "prowl")), done: make(chan error, 1)}
	p.cmd.Stdin = in
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	p.start(t)
	p.until(t, "ready")
	for range 30 {
		launch(t, sealed).expect(t, 9)
	}
	out.Close()
	r := p.wait(t)
	var tried int
	fmt.Sscanf(r.stdout[strings.LastIndex(r.stdout, "tried"):], "tried %d", &tried)
	if tried < 100 || strings.Contains(r.stdout, "got ") {
		t.Errorf("%d attempts: %s", tried, r)
	}
	t.Logf("%d attempts, none of which got anything", tried)
}

// Mounts over /proc, or into it, are refused however the place is spelt; where the root
// leads there by a link, at the launch (CVE-2019-16884).
func TestS19MountsIntoProc(t *testing.T) {
	needRoot(t)
	tool := filepath.Join(bin, "casemate")
	for _, at := range []string{"/proc", "/proc/", "//proc", "/proc/.", "/x/../proc", "/./proc", "/proc/self/attr", "/proc/sys", "/proc/self", "/dev/../proc", "/proc/1", "/sys", "/sys/fs/selinux"} {
		for _, mount := range []string{`tmpfs = [{ at = "` + at + `" }]`, `bind = [{ from = "/usr", at = "` + at + `" }]`} {
			r := command(t, tool, "compile", "-o", filepath.Join(t.TempDir(), "x"), write(t, policy("proc", `"/app/probe"`, "[mounts]\n"+mount+"\n")))
			if r.code != 2 {
				t.Errorf("%s: %s", mount, r)
			}
		}
	}
	h := newHostileRoot(t)
	h.untouched(t)
	if err := errors.Join(os.Symlink("proc", filepath.Join(h.root, "link")), os.Symlink("/proc/self", filepath.Join(h.root, "self"))); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"/link", "/link/self/attr", "/self/attr", "/self"} {
		text := policy("proc", `"/app/probe"`, "[root]\npath = \""+h.root+"\"\n[mounts]\ntmpfs = [{ at = \""+at+"\" }]\n")
		launch(t, compiled(t, text)).expect(t, 248, "symbolic link", "test.toml:")
	}
}

// Decoys lie over what launchers write in /proc, of the process that becomes the shim and of
// the system: none is written, and the launch is what it always is (CVE-2025-52881).
func TestS20S21DecoysInProc(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("decoys", `"/app/probe"`, "[exec]\nargv = [\"/app/probe\"]\noom_score_adj = 77\n"))
	dir := canaryDir(t)
	const script = `
over() { mkdir -p "$(dirname "$decoys$1")" && echo decoy > "$decoys$1" && { [ ! -e "$1" ] || mount --bind "$decoys$1" "$1"; } || exit 90; }
decoys=$2
for f in attr/exec attr/current attr/fscreate attr/keycreate oom_score_adj uid_map gid_map setgroups timens_offsets loginuid coredump_filter; do
	over /proc/$$/$f; over /proc/$$/task/$$/$f
done
for f in sysrq-trigger sys/kernel/core_pattern sys/kernel/modprobe sys/kernel/hostname sys/net/ipv4/ip_forward; do over /proc/$f; done
exec "$0" run "$1"`
	decoys := filepath.Join(dir, "decoys")
	r := command(t, "unshare", "-m", "sh", "-c", script, filepath.Join(bin, "casemate-shim"), sealed, decoys)
	r.expect(t, 0)
	got := decoded(t, r)
	equal(t, "oom_score_adj", got.OOMScore, "77")
	equal(t, "uid", got.Status["Uid"], "65534 65534 65534 65534")
	count := 0
	err := filepath.WalkDir(decoys, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		count++
		if b, err := os.ReadFile(path); err != nil || string(b) != "decoy\n" {
			t.Errorf("%s was written: %q, %v", path, b, err)
		}
		return nil
	})
	if err != nil || count < 20 {
		t.Errorf("%d decoys, %v", count, err)
	}
}

// Masks and read-only paths, by every way that leads to them.
func TestS25WaysAroundMasks(t *testing.T) {
	needRoot(t)
	text := almighty(t, "probe")
	masked := []string{"read:/proc/keys", "read:/proc/timer_list", "read:/proc/self/../keys", "read:/proc/self/task/1/../../../keys", "read:/proc/thread-self/../../../keys", "read:/proc/1/root/proc/keys", "read:/proc/self/root/proc/keys", "read:/proc/self/cwd/proc/keys"}
	written := []string{"write:/proc/sys/kernel/core_pattern", "put:/proc/sysrq-trigger=h", "write:/proc/self/root/proc/sys/kernel/modprobe", "write:/proc/irq/default_smp_affinity"}
	r := reported(t, compiled(t, text), append(masked, written...)...)
	for _, name := range masked {
		if _, err := os.Stat(strings.TrimPrefix(name, "read:")); err != nil && strings.HasPrefix(name, "read:/proc/timer_list") {
			continue
		}
		got := r.attempt(t, name)
		if got != "EACCES" && got != "ENOENT" && got != "empty" && got != "EPERM" && got != "ENXIO" {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, name := range written {
		if got := r.attempt(t, name); got != "EROFS" && got != "EACCES" && got != "ENOENT" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// attempt is one attempt's outcome.
func (r *report) attempt(t *testing.T, name string) string {
	t.Helper()
	for _, a := range r.Attempts {
		if a.Name == name {
			return a.Result
		}
	}
	t.Fatalf("no attempt %s: %v", name, r.Attempts)
	return ""
}

// Control groups are read-only to uid 0 with every capability, begin at the container's own,
// and those of version 1, with their release agents, are not there (CVE-2022-0492).
func TestS29ControlGroups(t *testing.T) {
	needRoot(t)
	text := strings.Replace(almighty(t, "probe"), "[mounts]\n", "[mounts]\nsysfs = true\ncgroup = true\n", 1)
	attempts := []string{"put:/sys/fs/cgroup/cgroup.procs=1", "write:/sys/fs/cgroup/x", "put:/sys/fs/cgroup/cgroup.subtree_control=+pids", "write:/sys/fs/cgroup/release_agent", "put:/sys/fs/cgroup/cgroup.kill=1"}
	r := reported(t, compiled(t, text), append(attempts, "list:/sys/fs/cgroup/..", "read:/sys/fs/cgroup/cgroup.procs", "fsopen:cgroup", "fsopen:cgroup2")...)
	r.attempts(t, "EROFS", attempts[:3]...)
	for _, name := range attempts[3:] {
		if got := r.attempt(t, name); got != "EROFS" && got != "ENOENT" {
			t.Errorf("%s: %s", name, got)
		}
	}
	r.attempts(t, "EPERM", "fsopen:cgroup", "fsopen:cgroup2")
	equal(t, "own cgroup", slices.Contains(r.Cgroup, "0::/"), true)
	for _, m := range r.Mounts {
		if strings.Contains(m, " - cgroup ") {
			t.Errorf("a hierarchy of version 1: %s", m)
		}
	}
}

// What the kernel calls up to user space by cannot be set, or is not there.
func TestS30UpcallsOfTheKernel(t *testing.T) {
	needRoot(t)
	text := strings.Replace(almighty(t, "probe"), "[mounts]\n", "[mounts]\nsysfs = true\n", 1)
	attempts := []string{"put:/proc/sys/kernel/core_pattern=|/app/probe", "put:/proc/sys/kernel/modprobe=/app/probe", "put:/proc/sys/kernel/hotplug=/app/probe",
		"put:/proc/sys/fs/binfmt_misc/register=x", "put:/sys/kernel/uevent_helper=/app/probe", "put:/sys/kernel/mm/ksm/run=1", "put:/sys/power/state=mem", "put:/sys/kernel/uevent_seqnum=1"}
	r := reported(t, compiled(t, text), attempts...)
	for _, name := range attempts {
		if got := r.attempt(t, name); got != "EROFS" && got != "ENOENT" && got != "EACCES" {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, m := range r.Mounts {
		for _, fs := range []string{"debugfs", "tracefs", "bpf", "efivarfs", "securityfs", "configfs", "binfmt_misc", "pstore", "fusectl"} {
			if strings.Contains(m, " - "+fs+" ") {
				t.Errorf("%s is mounted: %s", fs, m)
			}
		}
	}
}

// Nothing can be typed into the terminal that the shim was started from: the workload has
// none of its own by default, and the ioctl is denied on any descriptor.
func TestS33Terminal(t *testing.T) {
	needRoot(t)
	master, slave := pty(t)
	sealed := compiled(t, almighty(t, "probe"))
	p := &process{cmd: exec.Command(filepath.Join(bin, "casemate-shim"), "run", sealed, "--", "tiocsti", "read:/dev/tty"), done: make(chan error, 1)}
	p.cmd.Stdin, p.cmd.SysProcAttr = slave, &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p.start(t)
	r := decoded(t, p.wait(t))
	r.attempts(t, "EPERM", "tiocsti")
	r.attempts(t, "ENXIO", "read:/dev/tty")
	if n, err := unix.IoctlGetInt(int(slave.Fd()), unix.TIOCINQ); err != nil || n != 0 {
		t.Errorf("%d bytes were typed, %v", n, err)
	}
	master.Close()
}

// The filter is on every thread of init and of the workload, as often as it should be: the
// policy's on all, init's own on init.
func TestS39FilterOnEveryThread(t *testing.T) {
	needRoot(t)
	p := running(t, compiled(t, policy("threads", `"/app/probe", "sleep"`, "")))
	p.until(t, "ready")
	init := initOf(t, p)
	seen := 0
	for _, pid := range append([]int{init}, numbers(children(t, init))...) {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range tasks {
			b, err := os.ReadFile(task)
			if err != nil {
				continue // a thread that has ended
			}
			seen++
			want := map[bool]string{true: "2", false: "1"}[pid == init]
			mode, _ := facts.Field(b, "Seccomp")
			filters, _ := facts.Field(b, "Seccomp_filters")
			if mode != "2" || filters != want {
				t.Errorf("%s: mode %s, %s filters, want 2 and %s", task, mode, filters, want)
			}
		}
	}
	if seen < 4 {
		t.Errorf("only %d threads", seen)
	}
	p.signal(t, syscall.SIGTERM)
	p.wait(t)
}

func numbers(list []relative) (pids []int) {
	for _, c := range list {
		pids = append(pids, c.pid)
	}
	return pids
}

// Whatever the scheduler of the shim does, each launch is the same: everything is set on the
// thread that executes init.
func TestS43EveryLaunchIsTheSame(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("same", `"/app/probe"`, "[capabilities]\nkeep = [\"KILL\", \"NET_BIND_SERVICE\"]\n"))
	var first *report
	for i := range 24 {
		p := &process{cmd: exec.Command(filepath.Join(bin, "casemate-shim"), "run", sealed), done: make(chan error, 1)}
		p.cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", []int{1, 2, 3, 8, 64}[i%5]), "GOGC=1")
		p.start(t)
		r := p.wait(t)
		r.expect(t, 0)
		got := decoded(t, r)
		got.onlyWhatStays()
		if first == nil {
			first = got
		}
		if !reflect.DeepEqual(got, first) {
			t.Fatalf("launch %d differs:\n%+v\n%+v", i, got, first)
		}
	}
}

// onlyWhatStays leaves out what is another one in each launch: numbers and inodes.
func (r *report) onlyWhatStays() {
	r.PID, r.PGID, r.Keyring, r.FDs, r.Cgroup = 0, 0, 0, nil, nil
	r.Label = strings.Split(r.Label, ":s0:")[0]                            // SELinux: a level of its own
	for _, field := range []string{"SigQ", "Threads", "SigCgt", "NSpid"} { // those of the probe's own runtime
		delete(r.Status, field)
	}
	for kind := range r.Namespaces {
		r.Namespaces[kind] = ""
	}
	for i, m := range r.Mounts {
		f := strings.Fields(m)
		r.Mounts[i] = strings.Join(f[3:6], " ") // root, place, flags
	}
}

// A policy that is changed while it is read is refused or taken whole; links of /proc do not
// stand for one.
func TestS49PolicyChangedWhileRead(t *testing.T) {
	needRoot(t)
	one, two := compiled(t, policy("one", `"/app/probe", "exit", "1"`, "")), compiled(t, policy("two", `"/app/probe", "exit", "2"`, ""))
	a, errA := os.ReadFile(one)
	b, errB := os.ReadFile(two)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "changing.sealed")
	if err := os.WriteFile(path, a, 0o644); err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan error)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		for n := 0; err == nil; n++ {
			select {
			case <-stop:
				stopped <- f.Close()
				return
			default:
			}
			_, err = f.WriteAt([][]byte{a, b}[n%2], 0)
			if n%5 == 0 {
				err = errors.Join(err, f.Truncate(int64(len(a)/2)))
			}
		}
		stopped <- err
	}()
	for range 30 {
		if r := launch(t, path); r.code != 1 && r.code != 2 && r.code != 246 {
			t.Errorf("%s", r)
		}
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	r := command(t, "sh", "-c", `exec "$0" run /proc/self/fd/9 9<"$1"`, filepath.Join(bin, "casemate-shim"), one)
	r.expect(t, 246, "/proc/self/fd/9")
}

// The state directory is root's own, or nothing starts: what others have put there before is
// neither used nor changed (CVE-2021-44731, CVE-2026-3888).
func TestS51StateDirectory(t *testing.T) {
	needRoot(t)
	h := newHostileRoot(t)
	h.untouched(t)
	sealed := compiled(t, policy("staged", `"/app/probe", "exit", "9"`, ""))
	for name, script := range map[string]string{
		"link":              `ln -s "$2" /run/casemate`,
		"file":              `touch /run/casemate`,
		"of somebody else":  `mkdir -m 700 /run/casemate; chown 1234 /run/casemate`,
		"writable":          `mkdir /run/casemate; chmod 777 /run/casemate`,
		"service is a link": `mkdir -m 700 /run/casemate; ln -s "$2" /run/casemate/staged`,
		"service a file":    `mkdir -m 700 /run/casemate; touch /run/casemate/staged`,
	} {
		r := command(t, "unshare", "-m", "sh", "-c", "mount -t tmpfs -o mode=755 none /run && "+script+` && exec "$0" run "$1"`, filepath.Join(bin, "casemate-shim"), sealed, h.canary)
		if r.code != 248 || !strings.Contains(r.stderr, "/run/casemate") {
			t.Errorf("%s: %s", name, r)
		}
	}
	command(t, "unshare", "-m", "sh", "-c", `mount -t tmpfs -o mode=755 none /run && exec "$0" run "$1"`, filepath.Join(bin, "casemate-shim"), sealed).expect(t, 9)
}

// What comes from a policy is escaped in what the shim and init say: one line, no control
// characters, bounded.
func TestS55TextInMessages(t *testing.T) {
	needRoot(t)
	for _, text := range []string{`\u001b[31mred`, `a\ncasemate-shim: started`, `\u202eevil`, strings.Repeat("x", 3000)} {
		source := write(t, policy("words", `"/app/`+text+`"`, ""))
		out := filepath.Join(t.TempDir(), "x")
		r := command(t, filepath.Join(bin, "casemate"), "compile", "-o", out, source)
		if r.code == 0 {
			r = launch(t, out)
			if r.code != 127 && r.code != 126 {
				t.Errorf("%q: %s", text, r)
			}
		}
		if strings.Count(r.stderr, "\n") != 1 || strings.ContainsFunc(strings.TrimSuffix(r.stderr, "\n"), func(c rune) bool { return c < ' ' || c == 0x7f || c == 0x202e }) || len(r.stderr) > 4600 {
			t.Errorf("%q: %q", text, r.stderr)
		}
	}
}

// An init that was written by half, or is something else, is not started; no other one is
// looked for in its place.
func TestS60DamagedInit(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("damaged", `"/app/probe", "exit", "9"`, ""))
	good, err := os.ReadFile(filepath.Join(bin, "casemate-init"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "init")
	for name, b := range map[string][]byte{"empty": {}, "a page": good[:4096], "half": good[:len(good)/2], "text": []byte("hello\n"), "other machine": append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 4096)...)} {
		if err := os.WriteFile(path, b, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := &process{cmd: exec.Command(filepath.Join(bin, "casemate-shim"), "run", "-init", path, sealed), done: make(chan error, 1)}
		cmd.cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
		cmd.start(t)
		r := cmd.wait(t)
		if r.code != 248 && r.code != 249 || r.stdout != "" || strings.Count(r.stderr, "\n") < 1 {
			t.Errorf("%s: %s", name, r)
		}
	}
}

// Abstract sockets of the host can be reached only in a network namespace that is shared;
// the shim's own socket is none of them (CVE-2020-15257).
func TestS32AbstractSockets(t *testing.T) {
	needRoot(t)
	name := fmt.Sprintf("@casemate-canary-%d", os.Getpid())
	l, err := net.Listen("unix", name)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	allow := "[seccomp]\nallow = [\"@default\", \"@io\", \"@file-read\", \"@file-write\", \"@process\", \"@signals\", \"@threads\", \"@memory\", \"@time\", \"@sched\", \"@unix-socket\", \"capget\"]\n"
	r := confined(t, allow, "abstract:"+name[1:])
	r.attempts(t, "ECONNREFUSED", "abstract:"+name[1:])
}

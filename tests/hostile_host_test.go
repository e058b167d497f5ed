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
	for _, cwd := range some(t, []string{"/one", "/proc/self/fd/3", "/proc/self/fd/7", "/proc/self/fd/7/../..", "/fd", "/up", "/init", "/proc/1/root", "/proc/1/cwd", "/root", "/cwd"}) {
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
	for _, entry := range some(t, []string{"/proc/1/exe", "/proc/self/fd/5", "/proc/self/exe", "/fd"}) {
		r := launch(t, compiled(t, policy("cwd", `"`+entry+`"`, head)))
		if r.code != 126 && r.code != 127 && r.code != 246 {
			t.Errorf("entry point %s: %s", entry, r)
		}
	}
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
	for range max(soak(t, 30), 3) {
		launch(t, sealed).expect(t, 9)
	}
	out.Close()
	r := p.wait(t)
	var tried int
	fmt.Sscanf(r.stdout[strings.LastIndex(r.stdout, "tried"):], "tried %d", &tried)
	if tried < soak(t, 100) || strings.Contains(r.stdout, "got ") {
		t.Errorf("%d attempts: %s", tried, r)
	}
	t.Logf("%d attempts, none of which got anything", tried)
}

// Mounts over /proc, or into it, are refused however the place is spelt; where the root
// leads there by a link, at the launch (CVE-2019-16884).
func TestS19MountsIntoProc(t *testing.T) {
	needRoot(t)
	tool := filepath.Join(bin, "casemate")
	for _, at := range some(t, []string{"/proc", "/proc/", "//proc", "/proc/.", "/x/../proc", "/./proc", "/proc/self/attr", "/proc/sys", "/proc/self", "/dev/../proc", "/proc/1", "/sys", "/sys/fs/selinux"}) {
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
	for _, at := range some(t, []string{"/link", "/link/self/attr", "/self/attr", "/self"}) {
		text := policy("proc", `"/app/probe"`, "[root]\npath = \""+h.root+"\"\n[mounts]\ntmpfs = [{ at = \""+at+"\" }]\n")
		launch(t, compiled(t, text)).expect(t, 248, "symbolic link", "test.toml:")
	}
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
	for i := range max(soak(t, 24), 5) {
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
	for range max(soak(t, 30), 3) {
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

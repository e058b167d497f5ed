package holder

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"casemate/internal/child"
	"casemate/internal/exit"
	"casemate/internal/facts"
	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// TestMain is also a parent that starts a holder and waits to be killed.
func TestMain(m *testing.M) {
	switch os.Getenv("CASEMATE_HOLDER") {
	case "":
		os.Exit(m.Run())
	case "pipe alone":
		os.Exit(parent(steps(0)[1:]))
	}
	os.Exit(parent(steps(0)))
}

const all = unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWTIME

// steps are those of a holder, as internal/launch makes them.
func steps(flags uint64) []plan.Step {
	l := &plan.List{}
	l.Add("", plan.Prctl, plan.Num(unix.PR_SET_PDEATHSIG), plan.Num(uint64(unix.SIGKILL)))
	l.Add("p.toml:1", plan.Unshare, plan.Num(flags))
	l.Add("", plan.Dup3, plan.Slot(plan.Alive), plan.Num(0), plan.Num(0))
	l.Add("", plan.CloseRange, plan.Num(1), plan.Num(1<<32-1), plan.Num(0))
	l.Add("", plan.Read, plan.Num(0), plan.Bytes("", make([]byte, 1)), plan.Num(1))
	return l.Steps
}

var kinds = map[string]int{"user": unix.CLONE_NEWUSER, "net": unix.CLONE_NEWNET, "ipc": unix.CLONE_NEWIPC, "uts": unix.CLONE_NEWUTS, "time_for_children": unix.CLONE_NEWTIME}

func whole() *plan.Plan {
	p := &plan.Plan{Holder: plan.Holder{Steps: steps(all), Files: []plan.File{
		{Name: "uid_map", Value: "0 100000 10\n", At: "p.toml:2"}, {Name: "gid_map", Value: "0 200000 10\n", At: "p.toml:3"},
		{Name: "timens_offsets", Value: "monotonic 7 0\nboottime 8 5\n", At: "p.toml:4"},
	}}}
	for name := range kinds {
		p.Opens = append(p.Opens, plan.Open{Slot: plan.NamespaceSlot(name), Kind: plan.Namespace, Path: name, At: "p.toml:1"})
	}
	p.Opens = append(p.Opens, plan.Open{Slot: "root", Kind: plan.Tree, Path: "/"})
	return p
}

func procfs(t *testing.T) int {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: makes namespaces and a procfs")
	}
	if _, err := os.Stat("/proc/self/ns/time"); err != nil {
		t.Skipf("needs time namespaces: %v", err)
	}
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	fd, err := facts.Detached("proc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// left counts descriptors and children of this process.
func left(t *testing.T) (files int, children []string) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		b, _ := os.ReadFile(list)
		children = append(children, strings.Fields(string(b))...)
	}
	return len(entries), children
}

func TestNamespacesOfAHolder(t *testing.T) {
	proc := procfs(t)
	before, _ := left(t)
	fds, err := Make(whole(), proc)
	if err != nil {
		t.Fatal(err)
	}
	for name, flag := range kinds {
		got, err := unix.IoctlRetInt(fds["ns:"+name], unix.NS_GET_NSTYPE)
		if err != nil || got != flag {
			t.Errorf("%s is of kind %#x: %v", name, got, err)
		}
		if flag == unix.CLONE_NEWUSER {
			continue
		}
		owner, err := unix.IoctlRetInt(fds["ns:"+name], unix.NS_GET_USERNS)
		if err != nil {
			t.Fatal(err)
		}
		if inode(t, owner) != inode(t, fds["ns:user"]) {
			t.Errorf("%s does not belong to the user namespace", name)
		}
		unix.Close(owner)
	}
	if len(fds) != len(kinds) {
		t.Errorf("%v", fds)
	}
	closeAll(fds)
	if after, children := left(t); after != before || len(children) != 0 {
		t.Errorf("%d files, %d before, children %v", after, before, children)
	}
}

func inode(t *testing.T, fd int) uint64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}

// A plan without a holder starts none.
func TestNoHolder(t *testing.T) {
	if fds, err := Make(&plan.Plan{}, -1); fds != nil || err != nil {
		t.Error(fds, err)
	}
}

// Each step, each file and each descriptor can fail; each is named, and nothing is left.
func TestHolderThatFails(t *testing.T) {
	proc := procfs(t)
	type failure struct {
		name string
		make func(p *plan.Plan)
		want string
	}
	var cases []failure
	for i := range steps(all) {
		cases = append(cases, failure{fmt.Sprint("step ", i), func(p *plan.Plan) {
			p.Holder.Steps[i] = plan.Step{Op: plan.Fchdir, Args: []plan.Arg{plan.Num(99999)}, At: "p.toml:9"}
		}, fmt.Sprintf("holder step %d: fchdir(99999): bad file descriptor (p.toml:9)", i)})
	}
	cases = slices.Delete(cases, len(cases)-2, len(cases)) // the last two have no report to tell it by
	cases = append(cases,
		failure{"a user namespace too many", func(p *plan.Plan) {
			p.Holder.Steps[1] = plan.Step{Op: plan.Unshare, Args: []plan.Arg{plan.Num(1 << 40)}}
		}, "invalid argument"},
		failure{"a map twice", func(p *plan.Plan) { p.Holder.Files[1] = p.Holder.Files[0] }, "write uid_map: operation not permitted"},
		failure{"no map", func(p *plan.Plan) { p.Holder.Files[0].Value = "x" }, "write uid_map: invalid argument (p.toml:2)"},
		failure{"overlap", func(p *plan.Plan) { p.Holder.Files[0].Value = "0 1 10\n5 20 10\n" }, "write uid_map: invalid argument (p.toml:2)"},
		failure{"a clock before zero", func(p *plan.Plan) { p.Holder.Files[2].Value = "boottime -4000000000 0\n" }, "a clock would be negative"},
		failure{"no such file", func(p *plan.Plan) { p.Holder.Files[0].Name = "nothing" }, "open nothing: no such file or directory (p.toml:2)"},
		failure{"another process", func(p *plan.Plan) { p.Holder.Files[0].Name = "../1/uid_map" }, "open ../1/uid_map: invalid cross-device link"},
		failure{"no such namespace", func(p *plan.Plan) { p.Opens[0].Path = "nothing" }, "open namespace nothing: no such file or directory (p.toml:1)"},
	)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before, _ := left(t)
			p := whole()
			c.make(p)
			fds, err := Make(p, proc)
			if err == nil || !strings.Contains(err.Error(), c.want) || fds != nil {
				t.Errorf("%v, %v; want %q", fds, err, c.want)
			}
			if after, children := left(t); after != before || len(children) != 0 {
				t.Errorf("%d files, %d before, children %v", after, before, children)
			}
		})
	}
}

// A host that allows no user namespaces lacks them, and is told what to change.
func TestHostWithoutUserNamespaces(t *testing.T) {
	for errno, want := range map[unix.Errno]string{unix.ENOSPC: "user.max_user_namespaces", unix.EPERM: "a security module"} {
		err := failed(&child.Failure{Step: 1, Errno: errno}, steps(all)[1])
		if exit.CodeOf(err) != exit.Lacking || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v", exit.CodeOf(err), err)
		}
	}
	if err := failed(&child.Failure{Errno: unix.EINVAL}, steps(all)[1]); exit.CodeOf(err) == exit.Lacking {
		t.Errorf("%v", err)
	}
}

// parent starts a holder, says its number and waits.
func parent(steps []plan.Step) int {
	runtime.LockOSThread()
	h, err := start(steps)
	if err == nil {
		err = h.await(steps)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(h.child.PID)
	bufio.NewReader(os.Stdin).ReadByte()
	return 0
}

// A holder ends with its parent, by the signal and, should the parent have died before that
// was set, by the pipe.
func TestParentThatDies(t *testing.T) {
	procfs(t)
	for _, mode := range []string{"whole", "pipe alone"} {
		t.Run(mode, func(t *testing.T) {
			cmd := exec.Command("/proc/self/exe")
			cmd.Env = []string{"CASEMATE_HOLDER=" + mode}
			in, err := cmd.StdinPipe()
			out, err2 := cmd.StdoutPipe()
			if err := errors.Join(err, err2, cmd.Start()); err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			var pid int
			if _, err := fmt.Fscan(out, &pid); err != nil {
				t.Fatal(err)
			}
			pidfd, err := unix.PidfdOpen(pid, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(pidfd)
			cmd.Process.Kill()
			cmd.Wait()
			fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
			for end := time.Now().Add(20 * time.Second); ; {
				n, err := unix.Poll(fds, int(time.Until(end).Milliseconds()))
				if errors.Is(err, unix.EINTR) {
					continue
				}
				if n != 1 || err != nil {
					t.Errorf("the holder lives on: %v", err)
					unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0)
				}
				break
			}
		})
	}
}

package prepare

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"casemate/internal/facts"
	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// hierarchy finds the version 2 hierarchy and makes a control group in it that plays
// the shim's own.
func hierarchy(t *testing.T) facts.Cgroup {
	t.Helper()
	needRoot(t)
	f, err := facts.Probe(facts.HostView(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if f.Cgroup.Mount == "" {
		t.Skip("needs cgroup v2: it is not mounted")
	}
	own := fmt.Sprintf("/casemate-prepare-%d", os.Getpid())
	if err := os.Mkdir(f.Cgroup.Mount+own, 0o755); err != nil {
		t.Fatal(err)
	}
	c := facts.Cgroup{Mount: f.Cgroup.Mount, Own: own}
	t.Cleanup(func() {
		dir, err := unix.Open(c.Mount, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = removeTree(dir, own[1:])
			unix.Close(dir)
		}
		if err != nil {
			t.Errorf("%s is left: %v", own, err)
		}
	})
	return c
}

// inGroup runs a process there that waits to be killed.
func inGroup(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	cmd := exec.Command("/bin/sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: fd, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return cmd
}

// killed waits for a process and wants it to have been killed.
func killed(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.Wait()
	if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); !ws.Signaled() || ws.Signal() != syscall.SIGKILL {
		t.Errorf("%v", cmd.ProcessState)
	}
}

func children(t *testing.T, c facts.Cgroup) []string {
	t.Helper()
	found, err := filepath.Glob(c.Mount + c.Own + "/*/")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// web is a group with limits that need no controller.
var web = plan.Cgroup{Name: "casemate-web", Files: []plan.File{{Name: "cgroup.max.depth", Value: "5", At: "p:1"}, {Name: "cgroup.max.descendants", Value: "7", At: "p:2"}}}

func TestGroup(t *testing.T) {
	c := hierarchy(t)
	g, err := NewGroup(c, web)
	if err != nil {
		t.Fatal(err)
	}
	dir := c.Mount + c.Own + "/casemate-web"
	if g.Path() != c.Own+"/casemate-web" {
		t.Errorf("path %s", g.Path())
	}
	for _, f := range web.Files {
		if b, _ := os.ReadFile(dir + "/" + f.Name); strings.TrimSpace(string(b)) != f.Value {
			t.Errorf("%s is %q", f.Name, b)
		}
	}
	if err := os.MkdirAll(dir+"/a/b/c", 0o755); err != nil {
		t.Fatal(err)
	}
	inside := []*exec.Cmd{inGroup(t, dir), inGroup(t, dir+"/a"), inGroup(t, dir+"/a/b/c")}
	os.WriteFile(dir+"/a/cgroup.freeze", []byte("1"), 0) // a frozen process is killed too
	if b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", inside[0].Process.Pid)); !strings.Contains(string(b), "0::"+g.Path()+"\n") {
		t.Errorf("the process is in %s", b)
	}
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
	for _, cmd := range inside {
		killed(t, cmd)
	}
	if left := children(t, c); left != nil {
		t.Errorf("left: %q", left)
	}
}

// What a killed shim has left behind is emptied and made anew.
func TestGroupLeftBehind(t *testing.T) {
	c := hierarchy(t)
	dir := c.Mount + c.Own + "/casemate-web"
	if err := os.MkdirAll(dir+"/nested", 0o755); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(dir+"/cgroup.max.depth", []byte("9"), 0)
	left := []*exec.Cmd{inGroup(t, dir), inGroup(t, dir+"/nested")}
	g, err := NewGroup(c, plan.Cgroup{Name: "casemate-web"})
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range left {
		killed(t, cmd)
	}
	if b, _ := os.ReadFile(dir + "/cgroup.max.depth"); string(b) != "max\n" {
		t.Errorf("an old limit holds: %s", b)
	}
	if inner, _ := filepath.Glob(dir + "/*/"); inner != nil {
		t.Errorf("left: %q", inner)
	}
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
}

// A shim of the same service with another state directory must not take the running
// container for a leftover.
func TestGroupOfALiveShim(t *testing.T) {
	c := hierarchy(t)
	g, err := NewGroup(c, web)
	if err != nil {
		t.Fatal(err)
	}
	inside := inGroup(t, c.Mount+c.Own+"/casemate-web")
	if second, err := NewGroup(c, web); second != nil || !errors.Is(err, ErrRunning) {
		t.Errorf("a second one: %v", err)
	}
	if err := inside.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the process inside: %v", err)
	}
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", inside.Process.Pid)); err != nil || strings.Contains(string(b), ") Z ") {
		t.Errorf("the process inside has ended: %s, %v", b, err)
	}
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
	killed(t, inside)
}

// A threaded group below, which the kernel does not kill by itself (EOPNOTSUPP), is
// killed with its parent and then removed.
func TestGroupWithThreadedChildren(t *testing.T) {
	c := hierarchy(t)
	dir := c.Mount + c.Own + "/casemate-web"
	if err := os.MkdirAll(dir+"/threads/deeper", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/threads/cgroup.type", []byte("threaded"), 0); err != nil {
		t.Fatal(err)
	}
	left := inGroup(t, dir)
	g, err := NewGroup(c, web)
	if err != nil {
		t.Fatal(err)
	}
	killed(t, left)
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
}

// What the kernel does not take is refused with its file, its value and the line of the
// policy, and nothing is left.
func TestGroupRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		file plan.File
		want []string
		err  error
	}{
		{"unknown file", plan.File{Name: "memory.nonsense", Value: "1", At: "p:7"}, []string{`write "1" to memory.nonsense`, "(p:7)"}, unix.ENOENT},
		{"value", plan.File{Name: "cgroup.max.depth", Value: "deep", At: "p:8"}, []string{`write "deep" to cgroup.max.depth`, "(p:8)"}, unix.EINVAL},
		{"out of the group", plan.File{Name: "../cgroup.max.depth", Value: "1", At: "p:9"}, []string{"../cgroup.max.depth"}, unix.EXDEV},
	} {
		t.Run(c.name, func(t *testing.T) {
			own := hierarchy(t)
			g, err := NewGroup(own, plan.Cgroup{Name: "casemate-web", Files: []plan.File{web.Files[0], c.file}})
			if g != nil || !errors.Is(err, c.err) {
				t.Fatalf("%v", err)
			}
			for _, want := range append(c.want, own.Own+"/casemate-web") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in: %v", want, err)
				}
			}
			if left := children(t, own); left != nil {
				t.Errorf("left: %q", left)
			}
		})
	}
}

func TestGroupNeedsItsHierarchy(t *testing.T) {
	c := hierarchy(t)
	for _, wrong := range []struct {
		name, want string
		cgroup     facts.Cgroup
	}{
		{"not one", "no longer a cgroup v2 file system", facts.Cgroup{Mount: t.TempDir(), Own: "/"}},
		{"gone", "no such file", facts.Cgroup{Mount: "/nonexistent", Own: "/"}},
		{"own is gone", "no such file", facts.Cgroup{Mount: c.Mount, Own: "/nonexistent"}},
		{"outside", "cross-device", facts.Cgroup{Mount: c.Mount, Own: "/../.."}},
	} {
		if g, err := NewGroup(wrong.cgroup, web); g != nil || err == nil || !strings.Contains(err.Error(), wrong.want) {
			t.Errorf("%s: %v", wrong.name, err)
		}
	}
}

// The unit's umask does not keep a workload from reading its limits.
func TestGroupIsReadable(t *testing.T) {
	c := hierarchy(t)
	old := unix.Umask(0o777)
	g, err := NewGroup(c, plan.Cgroup{Name: "casemate-readable"})
	unix.Umask(old)
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(c.Mount + c.Own + "/casemate-readable"); err != nil || st.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
}

package prepare

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"casemate/internal/facts"
	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// controller gives the name of one that the hierarchy can hand down, handed down to the
// group that plays the shim's own.
func controller(t *testing.T, c facts.Cgroup) string {
	t.Helper()
	there, err := os.ReadFile(c.Mount + "/cgroup.controllers")
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(there))
	if len(names) == 0 {
		t.Skip("needs a cgroup v2 controller: version 1 has them all")
	}
	name := names[len(names)-1]
	file := c.Mount + "/cgroup.subtree_control"
	if enabled, _ := os.ReadFile(file); !slices.Contains(strings.Fields(string(enabled)), name) {
		if err := os.WriteFile(file, []byte("+"+name), 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			os.WriteFile(c.Mount+c.Own+"/cgroup.subtree_control", []byte("-"+name), 0) // not there after a refusal
			if err := os.WriteFile(file, []byte("-"+name), 0); err != nil {
				t.Error(err)
			}
		})
	}
	return name
}

// inside runs delegateInside in the group and gives what it says.
func delegate(t *testing.T, c facts.Cgroup, controller string) string {
	t.Helper()
	fd, err := unix.Open(c.Mount+c.Own, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	cmd := helper(t, "delegate", c.Mount+" "+c.Own+" "+controller)
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: fd, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// delegateInside makes a group that needs a controller, and says where it then is itself.
func delegateInside(arg string) int {
	words := strings.Fields(arg)
	g, err := NewGroup(facts.Cgroup{Mount: words[0], Own: words[1]}, plan.Cgroup{Name: "casemate-web", Controllers: words[2:]})
	own, _ := os.ReadFile("/proc/self/cgroup")
	_, where, _ := strings.Cut("\n"+string(own), "\n0::")
	fmt.Printf("in %serror %v\n", where, err)
	if g != nil {
		there, _ := os.ReadFile(words[0] + g.Path() + "/cgroup.controllers")
		fmt.Printf("controllers %sremoved %v\n", there, g.Remove())
	}
	return 0
}

// A group with processes can hand no controller down, so the shim steps aside.
func TestDelegation(t *testing.T) {
	c := hierarchy(t)
	name := controller(t, c)
	want := fmt.Sprintf("in %s/supervisor\nerror <nil>\ncontrollers %s\nremoved <nil>\n", c.Own, name)
	if got := delegate(t, c, name); got != want {
		t.Errorf("%q, not %q", got, want)
	}
	// The next shim of the same unit, which systemd starts in the unit's own group again:
	// the controllers are handed down already, so nobody may be in it.
	if b, _ := os.ReadFile(c.Mount + c.Own + "/cgroup.subtree_control"); strings.TrimSpace(string(b)) != name {
		t.Errorf("hands down %q", b)
	}
}

// With another process in the group the kernel refuses. The shim is back where it was,
// and nothing is left.
func TestDelegationRefused(t *testing.T) {
	c := hierarchy(t)
	name := controller(t, c)
	other := inGroup(t, c.Mount+c.Own)
	got := delegate(t, c, name)
	if !strings.HasPrefix(got, "in "+c.Own+"\nerror ") || !strings.Contains(got, "enable +"+name+": device or resource busy") || !strings.Contains(got, "Delegate=yes") {
		t.Errorf("%s", got)
	}
	if left := children(t, c); left != nil {
		t.Errorf("left: %q", left)
	}
	other.Process.Kill()
	other.Wait()
}

// A controller that is not there.
func TestDelegationOfNothing(t *testing.T) {
	c := hierarchy(t)
	controller(t, c)
	if got := delegate(t, c, "nonsense"); !strings.HasPrefix(got, "in "+c.Own+"\nerror ") || !strings.Contains(got, "enable +nonsense: invalid argument") {
		t.Errorf("%s", got)
	}
	if left := children(t, c); left != nil {
		t.Errorf("left: %q", left)
	}
}

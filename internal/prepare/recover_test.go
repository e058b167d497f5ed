package prepare

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"casemate/internal/facts"

	"golang.org/x/sys/unix"
)

func anyName(string) bool { return true }

// end is the record of a launch that was left.
func end(service string, left Left) []byte {
	return fmt.Appendf(nil, "%s %s %v", service, left.Receipt, left.Memory != nil)
}

// leftBehind is what a shim leaves that was killed while its service ran.
func leftBehind(t *testing.T, root string, f facts.Cgroup, service, group string) {
	t.Helper()
	s, err := NewState(root, service)
	if err == nil {
		err = errors.Join(s.Record(f, group), s.Write(Receipt, []byte("{}")))
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// The cgroup goes with its processes, and the leaf of the shim, and the state; a running
// service and what is no service's stay. A second time there is nothing to do.
func TestRecover(t *testing.T) {
	c := hierarchy(t)
	root := t.TempDir()
	leftBehind(t, root, c, "web", "casemate-web")
	leftBehind(t, root, c, "gone", "casemate-gone")
	leftBehind(t, root, facts.Cgroup{Mount: c.Mount, Own: c.Own + "/unit-is-gone"}, "unit", "casemate-unit")
	dir := c.Mount + c.Own
	for _, d := range []string{dir + "/casemate-web/nested", dir + "/supervisor", dir + "/casemate-other", root + "/.levels"} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	inside := inGroup(t, dir+"/casemate-web/nested")
	running := state(t, root)
	is := func(name string) bool { return name[0] != '.' }
	all, err := Recover(root, c, nil, is, end)
	if err != nil {
		t.Fatal(err)
	}
	killed(t, inside)
	want := []Recovered{{"gone", false, c.Own + "/casemate-gone"}, {"svc", true, ""}, {"unit", false, c.Own + "/unit-is-gone/casemate-unit"}, {"web", false, c.Own + "/casemate-web"}}
	if len(all) != len(want) {
		t.Fatalf("%v", all)
	}
	for i := range want {
		if all[i] != want[i] {
			t.Errorf("%v, not %v", all[i], want[i])
		}
	}
	for path, want := range map[string]bool{
		dir + "/casemate-web": false, dir + "/supervisor": false, dir + "/casemate-other": true,
		root + "/web": false, root + "/gone": false, root + "/unit": false, root + "/svc": true, root + "/.levels": true,
	} {
		if exists(path) != want {
			t.Errorf("%s: there is %v", path, !want)
		}
	}
	if err := running.Remove(); err != nil {
		t.Error(err)
	}
	if all, err := Recover(root, c, nil, is, end); all != nil || err != nil {
		t.Errorf("a second time: %v, %v", all, err)
	}
	if all, err := Recover(root+"/none", c, []string{"web"}, is, end); all != nil || err != nil {
		t.Errorf("where nothing ever ran: %v, %v", all, err)
	}
}

// Only what is named is touched.
func TestRecoverByName(t *testing.T) {
	c := hierarchy(t)
	root := t.TempDir()
	for _, name := range []string{"a", "b"} {
		leftBehind(t, root, c, name, "casemate-"+name)
	}
	if all, err := Recover(root, c, []string{"b", "c"}, anyName, end); err != nil || len(all) != 1 || all[0].Service != "b" {
		t.Errorf("%v, %v", all, err)
	}
	if !exists(root+"/a") || exists(root+"/b") {
		t.Error("the wrong one was removed")
	}
}

// A record that names what is not the service's is not followed, a cgroup whose shim
// lives (with another state directory) is left alone, and so is what lies in a directory
// that others can write. The others are recovered all the same.
func TestRecoverRefuses(t *testing.T) {
	c := hierarchy(t)
	root := t.TempDir()
	for name, record := range map[string]string{
		"root": "/", "relative": "casemate-relative", "dots": c.Own + "/../casemate-dots", "another": c.Own + "/casemate-web", "self": c.Own,
	} {
		leftBehind(t, root, c, name, "casemate-"+name)
		if err := errors.Join(os.Remove(root+"/"+name+"/cgroup"), os.Symlink(record, root+"/"+name+"/cgroup")); err != nil {
			t.Fatal(err)
		}
	}
	leftBehind(t, root, c, "web", "casemate-web")
	leftBehind(t, root, c, "fine", "casemate-fine")
	g, err := NewGroup(c, web)
	if err != nil {
		t.Fatal(err)
	}
	inside := inGroup(t, c.Mount+g.Path())
	all, err := Recover(root, c, nil, anyName, end)
	if len(all) != 1 || all[0].Service != "fine" || !errors.Is(err, ErrRunning) {
		t.Errorf("%v, %v", all, err)
	}
	for _, name := range []string{"root", "relative", "dots", "another", "self", "web"} {
		if !strings.Contains(err.Error(), name+": cgroup ") || !exists(root+"/"+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := unix.Kill(inside.Process.Pid, 0); err != nil {
		t.Error(err)
	}
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(root, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Recover(root, c, nil, anyName, end); err == nil || !strings.Contains(err.Error(), "writable") {
		t.Errorf("in everybody's directory: %v", err)
	}
}

// A launch finds what a killed shim of its name has left in another unit's cgroup.
func TestRecordRemovesTheOldOne(t *testing.T) {
	c := hierarchy(t)
	root := t.TempDir()
	other := facts.Cgroup{Mount: c.Mount, Own: c.Own + "/other"}
	dir := c.Mount + other.Own + "/casemate-web"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	leftBehind(t, root, other, "web", "casemate-web")
	inside := inGroup(t, dir)
	s, err := NewState(root, "web")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Record(c, "casemate-web"); err != nil {
		t.Error(err)
	}
	killed(t, inside)
	if to, _ := os.Readlink(root + "/web/cgroup"); exists(dir) || to != c.Own+"/casemate-web" {
		t.Errorf("records %q", to)
	}
	if err := s.Remove(); err != nil {
		t.Error(err)
	}
}

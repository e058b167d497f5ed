package prepare

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"casemate/internal/facts"
	"casemate/tests/lab"

	"golang.org/x/sys/unix"
)

func state(t *testing.T, root string) *State {
	t.Helper()
	needRoot(t)
	s, err := NewState(root, "svc")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStateIsMadeAndRemoved(t *testing.T) {
	root := t.TempDir() + "/run"
	s := state(t, root)
	for path, want := range map[string]os.FileMode{root: 0o700, root + "/svc": 0o700} {
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, st.Mode(), err)
		}
	}
	for _, text := range []string{"first", "second and longer", ""} {
		if err := s.Write(Receipt, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(root + "/svc/" + Receipt); err != nil || string(b) != text {
			t.Errorf("%q, %v", b, err)
		}
	}
	if st, _ := os.Stat(root + "/svc/" + Receipt); st.Mode() != 0o600 {
		t.Errorf("the receipt has mode %v", st.Mode())
	}
	if err := s.Remove(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(root); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	if err := state(t, root).Remove(); err != nil {
		t.Errorf("a second time: %v", err)
	}
}

func TestStateIsLocked(t *testing.T) {
	root := t.TempDir()
	s := state(t, root)
	if _, err := NewState(root, "svc"); !errors.Is(err, ErrRunning) || !strings.Contains(err.Error(), root+"/svc") {
		t.Errorf("a second one: %v", err)
	}
	other, err := NewState(root, "svc2")
	if err != nil {
		t.Errorf("another service: %v", err)
	}
	if err := errors.Join(s.Remove(), other.Remove()); err != nil {
		t.Error(err)
	}
}

// What a shim that was killed has left there is removed, and its lock is gone with it.
func TestStateOfAKilledShimIsTakenOver(t *testing.T) {
	needRoot(t)
	root := t.TempDir()
	cmd := helper(t, "hold", root)
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "holds <nil>\n" {
		t.Fatalf("%q", line)
	}
	if _, err := NewState(root, "svc"); !errors.Is(err, ErrRunning) {
		t.Errorf("while it runs: %v", err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	os.WriteFile(root+"/svc/"+Receipt+aside, []byte("half"), 0o600)
	s := state(t, root)
	if left, _ := os.ReadDir(root + "/svc"); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	if err := errors.Join(s.Write(Receipt, nil), s.Remove()); err != nil {
		t.Error(err)
	}
}

// A directory that is not what we would have made is nobody's lock.
func TestStateRefuses(t *testing.T) {
	needRoot(t)
	for _, c := range []struct {
		name, want string
		make       func(dir string) error
	}{
		{"other owner", "owned by uid 1 with mode 0700", func(d string) error { return errors.Join(os.Mkdir(d, 0o700), os.Chown(d, 1, 0)) }},
		{"open to the group", "with mode 0710", func(d string) error { return errors.Join(os.Mkdir(d, 0o700), os.Chmod(d, 0o710)) }},
		{"open to others", "with mode 0701", func(d string) error { return errors.Join(os.Mkdir(d, 0o700), os.Chmod(d, 0o701)) }},
		{"file", "not a directory", func(d string) error { return os.WriteFile(d, nil, 0o600) }},
		{"symbolic link", "symbolic link", func(d string) error { return errors.Join(os.Mkdir(d+"-real", 0o700), os.Symlink(d+"-real", d)) }},
		{"dangling link", "symbolic link", func(d string) error { return os.Symlink("nowhere", d) }},
		{"fifo", "not a directory", func(d string) error { return unix.Mkfifo(d, 0o600) }},
		{"a directory in it", "remove receipt.json: is a directory", func(d string) error {
			return errors.Join(os.Mkdir(d, 0o700), os.Mkdir(d+"/"+Receipt, 0o700))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			if err := c.make(root + "/svc"); err != nil {
				t.Fatal(err)
			}
			s, err := NewState(root, "svc")
			if err == nil || s != nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), root+"/svc") {
				t.Errorf("%v", err)
			}
			if errors.Is(err, ErrRunning) {
				t.Error("taken for a running service")
			}
		})
	}
}

// The directory of all services is root's alone to write: in one that others can write
// they could move a service's directory away and lay another in its place.
func TestStateRefusesAForeignRoot(t *testing.T) {
	needRoot(t)
	for _, c := range []struct {
		name, want string
		make       func(dir string) error
	}{
		{"other owner", "owned by uid 1", func(d string) error { return errors.Join(os.Mkdir(d, 0o755), os.Chown(d, 1, 0)) }},
		{"group may write", "writable by group or others (mode 0775)", func(d string) error { return errors.Join(os.Mkdir(d, 0o755), os.Chmod(d, 0o775)) }},
		{"sticky", "writable by group or others (mode 1777)", func(d string) error { return errors.Join(os.Mkdir(d, 0o755), os.Chmod(d, 0o777|os.ModeSticky)) }},
		{"symbolic link", "symbolic link", func(d string) error { return errors.Join(os.Mkdir(d+"-real", 0o700), os.Symlink(d+"-real", d)) }},
		{"file", "not a directory", func(d string) error { return os.WriteFile(d, nil, 0o600) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir() + "/run"
			if err := c.make(root); err != nil {
				t.Fatal(err)
			}
			if _, err := NewState(root, "svc"); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
			if left, _ := os.ReadDir(root); len(left) != 0 {
				t.Errorf("made all the same: %v", left)
			}
		})
	}
	if _, err := NewState(t.TempDir()+"/no/parent", "svc"); !errors.Is(err, unix.ENOENT) {
		t.Errorf("without a parent: %v", err)
	}
}

// A file in the directory that is not ours is not removed; the directory stays with it.
func TestStateKeepsWhatIsNotItsOwn(t *testing.T) {
	root := t.TempDir()
	s := state(t, root)
	os.WriteFile(root+"/svc/foreign", nil, 0o600)
	if err := s.Remove(); !errors.Is(err, unix.ENOTEMPTY) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(root + "/svc/foreign"); err != nil {
		t.Error(err)
	}
	s = state(t, root) // and the lock was given up
	os.Remove(root + "/svc/foreign")
	if err := s.Remove(); err != nil {
		t.Error(err)
	}
}

// A launch that fails before it has recorded a cgroup leaves no directory behind.
func TestStateGivesUp(t *testing.T) {
	needRoot(t)
	root := t.TempDir() + "/run"
	s, err := NewState(root, "service")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Record(facts.Cgroup{Own: "/" + strings.Repeat("x", unix.PathMax)}, "casemate-service"); err == nil {
		t.Error("a path that fits into no link was recorded")
	}
	s.GiveUp()
	if left, _ := os.ReadDir(root); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	if s, err = NewState(root, "service"); err != nil {
		t.Fatal(err)
	}
	if err := s.Record(facts.Cgroup{Own: "/"}, "casemate-service"); err != nil {
		t.Fatal(err)
	}
	s.GiveUp()
	if left, _ := os.ReadDir(root + "/service"); len(left) != 1 {
		t.Errorf("what is recorded stays for recover; there is %v", left)
	}
}

// Services of one name that start and stop at once: one at a time has the directory,
// nobody sees another error than "already running", nothing is left.
func TestStateRaces(t *testing.T) {
	needRoot(t)
	root := t.TempDir() + "/run"
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			out, err := helper(t, "cycle", fmt.Sprint(lab.Times(t, 300), " ", root)).Output()
			if err != nil {
				t.Errorf("%v", err)
			} else if bytes.Equal(out, []byte("0\n")) {
				t.Log("one of them never had the lock")
			}
		})
	}
	group.Wait()
	if left, _ := os.ReadDir(root); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

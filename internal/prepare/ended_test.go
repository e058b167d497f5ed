package prepare

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// An end is kept beside the running services, one of each name, and the receipt is in it.
func TestEndIsKept(t *testing.T) {
	root := t.TempDir() + "/run"
	if b, err := ReadEnd(root, "svc"); b != nil || err != nil {
		t.Errorf("before anything ran: %q, %v", b, err)
	}
	for _, text := range []string{"first, and long", "second"} {
		s := state(t, root)
		if err := errors.Join(s.Write(Receipt, []byte("{}")), s.KeepEnd([]byte(text))); err != nil {
			t.Fatal(err)
		}
		if b, err := s.Read(Receipt); b != nil || err != nil {
			t.Errorf("the receipt is there still: %q, %v", b, err)
		}
		if err := s.Remove(); err != nil {
			t.Fatal(err)
		}
		if b, err := ReadEnd(root, "svc"); string(b) != text || err != nil {
			t.Errorf("%q, %v", b, err)
		}
	}
	for path, want := range map[string]os.FileMode{root + "/.ended": 0o700 | os.ModeDir, root + "/.ended/svc.json": 0o600} {
		if st, err := os.Stat(path); err != nil || st.Mode() != want {
			t.Errorf("%s: %v, %v", path, st, err)
		}
	}
	// A shim that was killed while it wrote is no hindrance.
	if err := os.WriteFile(root+"/.ended/svc.json.new", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := state(t, root)
	if err := errors.Join(s.KeepEnd([]byte("third")), s.Remove()); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(root + "/.ended"); len(left) != 1 {
		t.Errorf("%v", left)
	}
}

// Where others can write, or behind a link, nothing is kept.
func TestEndIsNotKept(t *testing.T) {
	root := t.TempDir()
	s := state(t, root)
	defer s.Close()
	for _, c := range []struct {
		prepare func() error
		want    string
	}{
		{func() error { return os.Symlink(t.TempDir(), root+"/.ended") }, "too many levels"},
		{func() error { return os.WriteFile(root+"/.ended", nil, 0o600) }, "not a directory"},
		{func() error { return errors.Join(os.Mkdir(root+"/.ended", 0o700), os.Chmod(root+"/.ended", 0o777)) }, "writable"},
		{func() error { return errors.Join(os.Mkdir(root+"/.ended", 0o700), os.Chown(root+"/.ended", 7, 7)) }, "owned by uid 7"},
	} {
		os.Remove(root + "/.ended")
		if err := c.prepare(); err != nil {
			t.Fatal(err)
		}
		if err := s.KeepEnd([]byte("x")); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, not %s", err, c.want)
		}
	}
}

// An end that cannot be written does not leave an earlier one in its place.
func TestEarlierEndGoes(t *testing.T) {
	root := t.TempDir()
	s := state(t, root)
	defer s.Close()
	if err := s.KeepEnd([]byte("earlier")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(root+"/.ended/svc.json.new", 0o700); err != nil { // where it is written first
		t.Fatal(err)
	}
	if err := s.KeepEnd([]byte("later")); err == nil || !strings.Contains(err.Error(), "svc.json") {
		t.Errorf("written, or not said what was not: %v", err)
	}
	if b, err := ReadEnd(root, "svc"); b != nil || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

// What a killed shim has left is known to the next one of the name, and to recover; what
// has been told once is not told again.
func TestLeftIsTold(t *testing.T) {
	c := hierarchy(t)
	root := t.TempDir()
	leftBehind(t, root, c, "svc", "casemate-svc")
	if err := os.Mkdir(c.Mount+c.Own+"/casemate-svc", 0o755); err != nil {
		t.Fatal(err)
	}
	s := state(t, root)
	if err := s.Record(c, "casemate-svc"); err != nil {
		t.Fatal(err)
	}
	if left := s.Left(); string(left.Receipt) != "{}" {
		t.Errorf("%q", left.Receipt)
	}
	s.Close()
	if all, err := Recover(root, c, nil, anyName, end); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
	if b, _ := ReadEnd(root, "svc"); b != nil {
		t.Errorf("a launch without a receipt has an end: %q", b)
	}
	leftBehind(t, root, c, "svc", "casemate-svc")
	if all, err := Recover(root, c, nil, anyName, end); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
	if b, err := ReadEnd(root, "svc"); !strings.HasPrefix(string(b), "svc {} ") || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if err := unix.Access(root+"/svc", unix.F_OK); !errors.Is(err, unix.ENOENT) {
		t.Errorf("the state directory: %v", err)
	}
}

func TestMemoryEvents(t *testing.T) {
	m, err := parseEvents(strings.Fields("low 0\nhigh 9\nmax 52\noom 2\noom_kill 3\noom_group_kill 1\nnew 4"))
	if err != nil || *m != (Memory{52, 2, 3, 1}) {
		t.Errorf("%v, %v", m, err)
	}
	if m, err = parseEvents([]string{"oom_kill", "1"}); err != nil || *m != (Memory{Kills: 1}) { // before Linux 5.17
		t.Errorf("%v, %v", m, err)
	}
	for _, bad := range []string{"", "max 1", "oom_kill", "oom_kill x", "oom_kill 1 max -1"} {
		if m, err := parseEvents(strings.Fields(bad)); err == nil {
			t.Errorf("%q: %v", bad, m)
		}
	}
}

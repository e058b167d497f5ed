package prepare

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// secretsOf copies credentials and gives what is in the file system then.
func secretsOf(t *testing.T, dir string, names ...string) (map[string]string, error) {
	t.Helper()
	fd, err := Secrets(dir, names, 1234, 4321, nil)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	found := map[string]string{}
	for _, name := range append(names, ".") {
		var st unix.Stat_t
		if err := unix.Fstatat(fd, name, &st, 0); err != nil {
			t.Fatal(err)
		}
		found[name] = fmt.Sprintf("%04o %d:%d", st.Mode&0o7777, st.Uid, st.Gid)
		if name == "." {
			continue
		}
		in, err := unix.Openat(fd, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		f := os.NewFile(uintptr(in), name)
		b.ReadFrom(f)
		f.Close()
		found[name] += " " + b.String()
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil || fs.Type != unix.RAMFS_MAGIC {
		t.Errorf("of type %#x, %v", fs.Type, err)
	}
	return found, nil
}

func TestSecrets(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"a": "one", "b": "", "c d": "two\x00\n", "not named": "three"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	old := unix.Umask(0o777)
	found, err := secretsOf(t, dir, "a", "b", "c d")
	unix.Umask(old)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{".": "0500 1234:4321", "a": "0400 1234:4321 one", "b": "0400 1234:4321 ", "c d": "0400 1234:4321 two\x00\n"} {
		if found[name] != want {
			t.Errorf("%s: %q, not %q", name, found[name], want)
		}
	}
}

// Together they are bounded, to the byte, and a failure leaves no descriptor.
func TestSecretsAreBounded(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	write := func(name string, size int) {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	write("most", maxSecrets-1)
	write("one", 1)
	write("two", 2)
	if _, err := secretsOf(t, dir, "most", "one"); err != nil {
		t.Error(err)
	}
	before := countFDs(t)
	for _, names := range [][]string{{"most", "two"}, {"two", "most"}, {"one", "most", "one"}} {
		if _, err := secretsOf(t, dir, names...); err == nil {
			t.Errorf("%q: accepted", names)
		}
	}
	if after := countFDs(t); after != before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}

func countFDs(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// The socket is there while the state is, in the directory that only root can enter, and
// who sends is told with what is sent.
func TestNotifySocket(t *testing.T) {
	needRoot(t)
	root := t.TempDir() + "/state"
	s, err := NewState(root, "x")
	if err != nil {
		t.Fatal(err)
	}
	ours, tree, err := s.Notify()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ours)
	defer unix.Close(tree)
	if tree < firstSlot {
		t.Errorf("descriptor %d", tree)
	}
	var st unix.Stat_t
	if err := unix.Fstat(tree, &st); err != nil || st.Mode != unix.S_IFSOCK|0o666 {
		t.Errorf("mode %#o, %v", st.Mode, err)
	}
	from, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(from)
	if err := unix.Sendto(from, []byte("READY=1"), 0, &unix.SockaddrUnix{Name: root + "/x/notify"}); err != nil {
		t.Fatal(err)
	}
	b, oob := make([]byte, 64), make([]byte, 64)
	n, size, _, _, err := unix.Recvmsg(ours, b, oob, 0)
	if err != nil || string(b[:n]) != "READY=1" {
		t.Errorf("%q, %v", b[:n], err)
	}
	list, err := unix.ParseSocketControlMessage(oob[:size])
	if err != nil || len(list) != 1 {
		t.Fatalf("%d control messages, %v", len(list), err)
	}
	if c, err := unix.ParseUnixCredentials(&list[0]); err != nil || int(c.Pid) != os.Getpid() {
		t.Errorf("%+v, %v", c, err)
	}
	if _, _, err := unix.Recvfrom(ours, b, 0); err != unix.EAGAIN {
		t.Errorf("it waits: %v", err)
	}
	if err := s.Remove(); err != nil {
		t.Error(err)
	}
}

// What a killed shim has left there is in nobody's way; a path that no socket can have is
// an error.
func TestNotifySocketAgain(t *testing.T) {
	needRoot(t)
	root := t.TempDir() + "/state"
	for range 2 {
		s, err := NewState(root, "x")
		if err != nil {
			t.Fatal(err)
		}
		ours, tree, err := s.Notify()
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range []int{ours, tree, s.dir} { // as after a kill: the files stay
			unix.Close(fd)
		}
	}
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 120))
	s, err := NewState(long, "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Notify(); err == nil || !strings.Contains(err.Error(), "invalid argument") {
		t.Errorf("%v", err)
	}
	if err := s.Remove(); err != nil {
		t.Error(err)
	}
}

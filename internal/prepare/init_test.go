package prepare

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestInitIsNotFollowed(t *testing.T) {
	dir := objects(t)
	if _, err := Init(dir+"/filelink", false); !errors.Is(err, unix.ELOOP) {
		t.Errorf("a link: %v", err)
	}
	if _, err := Init(dir+"/gone", false); !errors.Is(err, unix.ENOENT) {
		t.Errorf("nothing: %v", err)
	}
	if _, err := Init(dir+"/link/../file", false); !errors.Is(err, unix.ELOOP) {
		t.Errorf("through a link: %v", err)
	}
}

// What is executed has the bytes of the file, an inode of its own, and seals against
// every change.
func TestInitIsASealedCopy(t *testing.T) {
	needRoot(t)
	path := t.TempDir() + "/init"
	text := bytes.Repeat([]byte("a page and a bit"), 300)
	if err := os.WriteFile(path, text, 0o711); err != nil {
		t.Fatal(err)
	}
	fd, err := Init(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	seals, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	if err != nil || seals != InitSeals {
		t.Errorf("seals %#x, %v", seals, err)
	}
	var file, ours unix.Stat_t
	if err := errors.Join(unix.Stat(path, &file), unix.Fstat(fd, &ours)); err != nil {
		t.Fatal(err)
	}
	if ours.Dev == file.Dev && ours.Ino == file.Ino || ours.Mode&0o7777 != 0o111 {
		t.Errorf("inode %d:%d of mode %#o for the file's %d:%d", ours.Dev, ours.Ino, ours.Mode, file.Dev, file.Ino)
	}
	got := make([]byte, len(text)+1)
	if n, err := unix.Pread(fd, got, 0); err != nil || !bytes.Equal(got[:n], text) {
		t.Errorf("%d bytes of %d, %v", n, len(text), err)
	}
	again := fmt.Sprintf("/proc/self/fd/%d", fd)
	for what, err := range map[string]error{
		"a write":           second(unix.Pwrite(fd, text, 0)),
		"growing":           unix.Ftruncate(fd, int64(len(text))+1),
		"shrinking":         unix.Ftruncate(fd, 1),
		"another seal":      second(unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_FUTURE_WRITE)),
		"truncating":        second(unix.Open(again, unix.O_RDWR|unix.O_TRUNC|unix.O_CLOEXEC, 0)),
		"a writable map":    second(unix.Mmap(fd, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)),
		"a hole in the way": unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, 4096),
	} {
		if !errors.Is(err, unix.EPERM) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Two launches share nothing.
	other, err := Init(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(other)
	var theirs unix.Stat_t
	if err := unix.Fstat(other, &theirs); err != nil || theirs.Ino == ours.Ino {
		t.Errorf("two copies have the inodes %d and %d, %v", ours.Ino, theirs.Ino, err)
	}
}

func TestInitTooLarge(t *testing.T) {
	needRoot(t)
	path := t.TempDir() + "/init"
	if err := errors.Join(os.WriteFile(path, nil, 0o700), os.Truncate(path, maxInit+1)); err != nil {
		t.Fatal(err)
	}
	if _, err := Init(path, false); err == nil || !strings.Contains(err.Error(), "larger than 16777216 bytes") {
		t.Errorf("%v", err)
	}
}

// A label that cannot be had ends the launch.
func TestInitWithoutLabel(t *testing.T) {
	needRoot(t)
	path := t.TempDir() + "/init"
	if err := os.WriteFile(path, []byte("x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Getxattr(path, label, nil); err == nil {
		t.Skip("needs a host without SELinux, where files have no label")
	}
	if _, err := Init(path, true); err == nil || !strings.Contains(err.Error(), "SELinux label: read that of the file") {
		t.Errorf("%v", err)
	}
}

// The copy has the label of the file.
func TestInitLabel(t *testing.T) {
	needRoot(t)
	path := t.TempDir() + "/init"
	if err := os.WriteFile(path, []byte("x"), 0o700); err != nil {
		t.Fatal(err)
	}
	const want = "system_u:object_r:casemate_init_exec_t:s0"
	if err := unix.Setxattr(path, label, []byte(want), 0); err != nil {
		t.Skip("needs a file system with labels: ", err)
	}
	fd, err := Init(path, true)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	var got [128]byte
	if n, err := unix.Fgetxattr(fd, label, got[:]); err != nil || strings.TrimSuffix(string(got[:n]), "\x00") != want { // SELinux ends it with a NUL
		t.Errorf("%q, %v", got[:max(n, 0)], err)
	}
}

// vm.memfd_noexec belongs to a PID namespace (Linux 6.3): this test runs itself in one.
func TestInitWithoutExecutableMemfd(t *testing.T) {
	needRoot(t)
	const sysctl, child = "/proc/sys/vm/memfd_noexec", "CASEMATE_TEST_NOEXEC"
	if os.Getenv(child) == "" {
		if _, err := os.Stat(sysctl); err != nil {
			t.Skip("needs Linux 6.3: ", err)
		}
		cmd := exec.Command("unshare", "--mount-proc", "-p", "-f", os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), child+"=1")
		if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS")) {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	for _, c := range []struct {
		value string
		want  error
	}{{"0", nil}, {"1", nil}, {"2", ErrNoExec}} {
		if err := os.WriteFile(sysctl, []byte(c.value), 0); err != nil {
			t.Fatal(err)
		}
		fd, err := Init(os.Args[0], false)
		if !errors.Is(err, c.want) {
			t.Errorf("with %s: %v", c.value, err)
		}
		unix.Close(fd)
	}
}

package facts

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestField(t *testing.T) {
	const status = "Name:\tcat\nUid:\t0\t1\t2\t3\nGroups:\t4 5 \nNoNewPrivs:\t0\nCapBnd: 00ff\nEmpty:\nNoValue\nName:\tsecond\n  Indented:\t1\nLast:\tx"
	for name, want := range map[string]string{
		"Name": "cat", "Uid": "0\t1\t2\t3", "Groups": "4 5", "NoNewPrivs": "0", "CapBnd": "00ff", "Empty": "", "Last": "x",
	} {
		if got, ok := Field([]byte(status), name); !ok || got != want {
			t.Errorf("%s is %q, %v", name, got, ok)
		}
	}
	for _, name := range []string{"", "Nam", "ame", "NoValue", "Indented", "cat", "Cap", "CapBnd: 00f", "New"} {
		if got, ok := Field([]byte(status), name); ok {
			t.Errorf("%q is %q", name, got)
		}
	}
	if _, ok := Field(nil, "Name"); ok {
		t.Error("an empty file has a field")
	}
}

// A process chooses its name, and the kernel escapes a line end in it, so that no name
// forges a field: the first line of that name is the kernel's.
func TestFieldOfAHostileName(t *testing.T) {
	if got, _ := Field([]byte("Name:\tx\\nSeccomp:\\t2\nSeccomp:\t0\n"), "Seccomp"); got != "0" {
		t.Errorf("Seccomp is %q", got)
	}
}

func TestMask(t *testing.T) {
	for text, want := range map[string]Mask{"000001ffffffffff": 1<<41 - 1, "0": 0, " ff\n": 255, "ffffffffffffffff": ^Mask(0)} {
		var m Mask
		if err := m.UnmarshalText([]byte(text)); err != nil || m != want {
			t.Errorf("%q is %x, %v", text, m, err)
		}
	}
	for _, text := range []string{"", "x", "-1", "0x1", "10000000000000000", "1 2"} {
		var m Mask
		if err := m.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %x", text, m)
		}
	}
	if b, err := Mask(255).MarshalText(); err != nil || string(b) != "00000000000000ff" {
		t.Errorf("%s, %v", b, err)
	}
}

func TestOwnCgroup(t *testing.T) {
	for text, want := range map[string]string{
		"0::/\n":                                 "/",
		"0::/system.slice/a.service\n":           "/system.slice/a.service",
		"4:memory:/x\n1:name=systemd:/\n0::/u\n": "/u",
		"0::/a b \n":                             "/a b ",
	} {
		if got, ok := ownCgroup(text); !ok || got != want {
			t.Errorf("%q: %q, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "\n", "4:memory:/x\n", "0::\n", "0::..\n", "0::/..\n", "0::/../other\n", "0::/a/../..\n", "0::relative\n", "10::/x\n", "0::/a/\n"} {
		if got, ok := ownCgroup(text); ok {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestKindOf(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(dir+"/file", nil, 0)
	os.Symlink("/", dir+"/link")
	os.Mkdir(dir+"/dir", 0)
	unix.Mkfifo(dir+"/fifo", 0)
	for name, want := range map[string]string{"file": "file", "dir": "dir", "fifo": "file", "gone": "", "dir/gone": ""} {
		if got, err := HostView().kindOf(dir + "/" + name); err != nil || got != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"link", "file/below"} {
		if got, err := HostView().kindOf(dir + "/" + name); err == nil {
			t.Errorf("%s is %q", name, got)
		}
	}
}

func TestReadAt(t *testing.T) {
	dir := t.TempDir()
	want := strings.Repeat("0123456789abcdef", 1000)
	os.WriteFile(dir+"/long", []byte(want), 0o600)
	os.WriteFile(dir+"/empty", nil, 0o600)
	os.Symlink("long", dir+"/link")
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for name, want := range map[string]string{"long": want, "empty": "", "link": want} {
		if b, err := ReadAt(fd, name, 0); err != nil || string(b) != want {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
	for name, want := range map[string]error{"link": unix.ELOOP, "../x": unix.EXDEV, "gone": unix.ENOENT, ".": unix.EISDIR} {
		if b, err := ReadAt(fd, name, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS); err != want {
			t.Errorf("%s: %q, %v, not %v", name, b, err, want)
		}
	}
}

// What the running kernel says must hang together.
func TestProbe(t *testing.T) {
	f, err := Probe(HostView(), []string{"/proc/self", "/proc/nothing"})
	if err == nil {
		t.Errorf("a symbolic link was taken for a path of the kernel's: %v", f.Paths)
	}
	f, err = Probe(HostView(), []string{"/proc/sys", "/proc/stat", "/proc/nothing"})
	if err != nil {
		t.Fatal(err)
	}
	var u unix.Utsname
	unix.Uname(&u)
	if f.Kernel != unix.ByteSliceToString(u.Release[:]) || f.Arch != runtime.GOARCH {
		t.Errorf("%s on %s", f.Kernel, f.Arch)
	}
	if d := cmp.Diff(map[string]string{"/proc/sys": "dir", "/proc/stat": "file"}, f.Paths); d != "" {
		t.Error(d)
	}
	if last, err := readLine("/proc/sys/kernel/cap_last_cap"); err == nil && last != json.Number(jsonOf(t, f.CapLast)).String() {
		t.Errorf("the last capability is %d, the kernel says %s", f.CapLast, last)
	}
	status, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		t.Fatal(err)
	}
	for name, mask := range map[string]Mask{"CapBnd": f.CapBound, "CapPrm": f.CapPermit} {
		text, _ := mask.MarshalText()
		if got, _ := Field(status, name); got != string(text) {
			t.Errorf("%s is %s, not %s", name, text, got)
		}
	}
	for _, name := range []string{"mnt", "pid"} {
		if !slices.Contains(f.Namespaces, name) {
			t.Errorf("no namespace %s in %q", name, f.Namespaces)
		}
	}
	if f.Cgroup.Mount != "" {
		if _, err := os.Stat(filepath.Join(f.Cgroup.Mount, f.Cgroup.Own, "cgroup.procs")); err != nil {
			t.Error(err)
		}
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Facts are recorded and replayed as JSON without loss.
func TestFactsAreReplayed(t *testing.T) {
	f, err := Probe(HostView(), []string{"/proc/sys"})
	if err != nil {
		t.Fatal(err)
	}
	again := new(Facts)
	if err := json.Unmarshal([]byte(jsonOf(t, f)), again); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(f, again); d != "" {
		t.Error(d)
	}
}

func TestCandidates(t *testing.T) {
	paths, err := Candidates()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(paths, "/proc/sys") || !slices.Contains(paths, "/sys/kernel") {
		t.Errorf("%d paths without /proc/sys or /sys/kernel", len(paths))
	}
	for _, p := range paths {
		if p == "/proc/self" || p == "/proc/1" {
			t.Errorf("%s is a link or a process", p)
		}
	}
}

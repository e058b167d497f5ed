package vm

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// cpio(1) reads what is written.
func TestArchive(t *testing.T) {
	if _, err := exec.LookPath("cpio"); err != nil {
		t.Skip("cpio is not installed")
	}
	a := archive{}
	a.executable("/a/b/c", []byte("hello"))
	a.file("odd", []byte("xyz"))
	a.symlink("a/link", "b/c")
	a.dir("empty", 0o700)
	var out bytes.Buffer
	if err := a.write(&out); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command("cpio", "-i", "-d", "--quiet", "--no-absolute-filenames")
	cmd.Dir, cmd.Stdin = dir, &out
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "a/link")); err != nil || string(b) != "hello" {
		t.Errorf("%q, %v", b, err)
	}
	for name, mode := range map[string]os.FileMode{"a/b/c": 0o755, "odd": 0o644, "empty": os.ModeDir | 0o700, "a": os.ModeDir | 0o755} {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Mode() != mode {
			t.Errorf("%s: %v, %v", name, st, err)
		}
	}
}

func TestCarveRefuses(t *testing.T) {
	image := make([]byte, 4096)
	copy(image[0x202:], "HdrS")
	image[0x1f1] = 1
	binary.LittleEndian.PutUint32(image[0x24c:], 64)
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"empty":   {nil, "not a bzImage"},
		"text":    {bytes.Repeat([]byte("x"), 4096), "not a bzImage"},
		"unknown": {image, "compressed in an unknown way"},
		"outside": {slices.Concat(image[:0x24c], []byte{0xff, 0xff, 0xff, 0x7f}, image[0x250:]), "outside"},
		"broken":  {slices.Concat(image[:1024], []byte("\x1f\x8bxx"), image[1028:]), "no ELF"},
	} {
		if _, err := carve(c.b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	plain := slices.Concat(image[:1024], []byte(elf), image[1028:])
	if b, err := carve(plain); err != nil || len(b) != 64 || !bytes.HasPrefix(b, []byte(elf)) {
		t.Errorf("an image that is not compressed: %d bytes, %v", len(b), err)
	}
}

// What a module needs is loaded before it, once.
func TestLoadOrder(t *testing.T) {
	dir := t.TempDir()
	for name, depends := range map[string]string{"a": "b,c-d", "b": "c-d", "c-d": "", "erofs": "libcrc32c", "libcrc32c": "", "crc32c_generic": ""} {
		text := "\x7fELF\x00license=GPL\x00depends=" + depends + "\x00name=x\x00"
		if err := os.WriteFile(filepath.Join(dir, name+".ko"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "modules.builtin"), []byte("kernel/x/built-in.ko\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	order, err := loadOrder(dir, []string{"a", "built_in", "erofs"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range order {
		order[i] = strings.TrimSuffix(filepath.Base(order[i]), ".ko")
	}
	if want := []string{"c-d", "b", "a", "libcrc32c", "crc32c_generic", "erofs"}; !slices.Equal(order, want) {
		t.Errorf("%q, want %q", order, want)
	}
	if _, err := loadOrder(dir, []string{"missing"}); err == nil || !strings.Contains(err.Error(), "no module missing") {
		t.Errorf("a module that is not there: %v", err)
	}
}

// A boot that proves nothing is told from one that does.
func TestFault(t *testing.T) {
	const up = "VM-BOOT up 1.5 lsm capability,apparmor <nil>\n"
	for _, c := range []struct {
		r    rung
		t    transcript
		want string
	}{
		{rung{lsm: "apparmor"}, up + "VM-END true\n", ""},
		{rung{}, up + "VM-END false\n", ""},
		{rung{}, "", "did not come up"},
		{rung{}, "Kernel panic - not syncing\n", "did not come up"},
		{rung{lsm: "selinux"}, up + "VM-END true\n", "selinux is not active"},
		{rung{without: "apparmor"}, up + "VM-END true\n", "apparmor is active"},
		{rung{lsm: "apparmor"}, up + "--- PASS: TestX (0.0s)\n", "closing line"},
	} {
		if got := c.r.fault(c.t); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%+v, %q: %q, want %q", c.r, c.t, got, c.want)
		}
	}
	if transcript(up + "VM-END false\n").ended() {
		t.Error("a guest whose command failed has ended well")
	}
}

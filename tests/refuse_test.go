package tests

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Every sealed policy that must not be believed: 246, one line that says which, and
// nothing started or left.
func TestSealedPolicyRefused(t *testing.T) {
	needRoot(t)
	good := compiled(t, policy("refuse", `"/app/probe", "exit", "0"`, ""))
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	launch(t, good).expect(t, 0)

	change := func(at int, b byte) []byte {
		c := append([]byte(nil), text...)
		c[at] ^= b
		return c
	}
	write := func(b []byte, mode os.FileMode) func(string) error {
		return func(path string) error {
			if err := os.WriteFile(path, b, mode); err != nil {
				return err
			}
			return os.Chmod(path, mode)
		}
	}
	for _, c := range some(t, []struct {
		name, want string
		make       func(path string) error
	}{
		{"empty", "truncated", write(nil, 0o644)},
		{"truncated head", "truncated", write(text[:10], 0o644)},
		{"truncated body", "truncated", write(text[:len(text)/2], 0o644)},
		{"truncated by one", "truncated", write(text[:len(text)-1], 0o644)},
		{"bit flipped", "digest", write(change(len(text)/2, 4), 0o644)},
		{"newer version", "version", write(change(11, 3), 0o644)},
		{"other file", "not a sealed policy", write([]byte("policy = 1\nservice = \"x\"\n"), 0o644)},
		{"longer", "", write(append(append([]byte(nil), text...), 0), 0o644)},
		{"too large", "larger", write(make([]byte, 2<<20), 0o644)},
		{"group-writable", "writable by group", write(text, 0o664)},
		{"world-writable", "writable by group or others", write(text, 0o646)},
		{"not owned by root", "owned by uid 1", func(path string) error {
			if err := write(text, 0o644)(path); err != nil {
				return err
			}
			return os.Chown(path, 1, 1)
		}},
		{"symbolic link", "symbolic link", func(path string) error { return os.Symlink(good, path) }},
		{"fifo", "not a regular file", func(path string) error { return syscall.Mkfifo(path, 0o644) }},
		{"directory", "not a regular file", func(path string) error { return os.Mkdir(path, 0o755) }},
		{"missing", "no such file", func(string) error { return nil }},
	}) {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bad.sealed")
			if err := c.make(path); err != nil {
				t.Fatal(err)
			}
			r := launch(t, path)
			r.expect(t, 246, "casemate-shim: policy "+path+": ", c.want)
			if strings.Count(r.stderr, "\n") != 1 {
				t.Errorf("want one line: %s", r)
			}
		})
	}
}

func TestPolicyForAnotherArchitecture(t *testing.T) {
	needRoot(t)
	text := strings.Replace(policy("arch", `"/app/probe", "exit", "0"`, ""), `arch = ["`+runtime.GOARCH+`"]`, `arch = ["`+otherArch+`"]`, 1)
	launch(t, compiled(t, text)).expect(t, 246, "no seccomp filter for")
}

func TestSignatureDemanded(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	tool := filepath.Join(bin, "casemate")
	for _, name := range []string{"ours", "theirs"} {
		command(t, tool, "keygen", "-o", filepath.Join(dir, name)).expect(t, 0)
	}
	keys := filepath.Join(dir, "ours.pub")
	text := policy("signed", `"/app/probe", "exit", "7"`, "")
	signed := compiled(t, text, "--sign", filepath.Join(dir, "ours.key"))
	launchWith := func(sealed string) result {
		return command(t, filepath.Join(bin, "casemate-shim"), "run", "-trusted-keys", keys, sealed)
	}
	launchWith(signed).expect(t, 7)
	launchWith(compiled(t, text)).expect(t, 246, "not signed")
	launchWith(compiled(t, text, "--sign", filepath.Join(dir, "theirs.key"))).expect(t, 246, "not trusted")

	b, err := os.ReadFile(signed)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	forged := filepath.Join(dir, "forged.sealed")
	if err := os.WriteFile(forged, b, 0o644); err != nil {
		t.Fatal(err)
	}
	launchWith(forged).expect(t, 246, "signature")

	// Keys that cannot be read, or that somebody else could have written, demand too.
	if err := os.Chmod(keys, 0o666); err != nil {
		t.Fatal(err)
	}
	launchWith(signed).expect(t, 246, "trusted keys", "writable by group")
	keys = filepath.Join(dir, "none.pub")
	launchWith(signed).expect(t, 246, "trusted keys", "no such file")
}

func TestUsageRefused(t *testing.T) {
	shim := filepath.Join(bin, "casemate-shim")
	for _, args := range [][]string{{}, {"launch"}, {"run"}, {"run", "-nonsense", "x"}, {"run", "a", "b"}, {"probe", "a", "b"}, {"status"}} {
		command(t, shim, args...).expect(t, 246, "casemate-shim: ")
	}
}

// copyLabel gives a file the SELinux label of another, where there is one.
func copyLabel(t *testing.T, from, to string) {
	t.Helper()
	const label = "security.selinux"
	b := make([]byte, 256)
	n, err := unix.Getxattr(from, label, b)
	if err == nil {
		err = unix.Setxattr(to, label, b[:n], 0)
	}
	if err != nil && err != unix.ENODATA && err != unix.EOPNOTSUPP {
		t.Fatal(err)
	}
}

// An init that somebody else could have written is not executed.
func TestInitRefused(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("noinit", `"/app/probe", "exit", "0"`, ""))
	text, err := os.ReadFile(filepath.Join(bin, "casemate-init"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "init")
	if err := os.WriteFile(path, text, 0o755); err != nil {
		t.Fatal(err)
	}
	copyLabel(t, filepath.Join(bin, "casemate-init"), path)
	run := func() result {
		return command(t, filepath.Join(bin, "casemate-shim"), "run", "-init", path, sealed)
	}
	run().expect(t, 0)
	if err := os.Chmod(path, 0o775); err != nil {
		t.Fatal(err)
	}
	run().expect(t, 248, path, "writable by group")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	run().expect(t, 248, path, "no such file")
	if err := os.Symlink(filepath.Join(bin, "casemate-init"), path); err != nil {
		t.Fatal(err)
	}
	run().expect(t, 248, path, "symbolic link")
}

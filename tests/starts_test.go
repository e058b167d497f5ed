package tests

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A main child that ends before init has looked for it: its status is never lost.
func TestR12ShortLives(t *testing.T) {
	needRoot(t)
	for n := range soak(t, 500) {
		cmd := exec.Command(filepath.Join(bin, "casemate-init"), append([]string{"--"}, hard("quick", fmt.Sprint(n%256))...)...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
		out, _ := cmd.CombinedOutput() // the status is compared below
		if code := cmd.ProcessState.ExitCode(); code != n%256 || len(out) != 0 {
			t.Fatalf("run %d: exit %d, want %d: %s", n, code, n%256, out)
		}
	}
	sealed := compiled(t, hardPolicy("quick", "5s", "quick"))
	for n := range soak(t, 50) {
		if r := launch(t, sealed, "--", fmt.Sprint(n%256)); r.code != n%256 || r.stderr != "" {
			t.Fatalf("launch %d: %s", n, r)
		}
	}
}

// unexecutable are commands that execve(2) refuses, by name.
func unexecutable(t *testing.T, dir string) map[string]struct {
	file string
	code int
	says string
} {
	t.Helper()
	file := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	file("data", "text", 0o644)
	file("odd", "\x00\x01", 0o755)
	file("script", "#!/nothing/at/all\n", 0o755)
	file("busy", "#!/bin/sh\n", 0o755)
	writer, err := os.OpenFile(filepath.Join(dir, "busy"), os.O_WRONLY, 0)
	if err == nil {
		err = os.Symlink("loop", filepath.Join(dir, "loop"))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { writer.Close() })
	return map[string]struct {
		file string
		code int
		says string
	}{
		"ENOENT":         {"none", 127, "no such file or directory"},
		"ENOENT, loader": {"script", 127, "its interpreter or dynamic loader does not"},
		"ENOTDIR":        {"data/x", 126, "not a directory"},
		"EACCES":         {"data", 126, "permission denied"},
		"EACCES, dir":    {".", 126, "permission denied"},
		"ENOEXEC":        {"odd", 126, "exec format error"},
		"ETXTBSY":        {"busy", 126, "text file busy"},
		"ELOOP":          {"loop", 126, "too many levels of symbolic links"},
	}
}

func TestR12ExecFailures(t *testing.T) {
	needRoot(t)
	dir := canaryDir(t)
	cases := unexecutable(t, dir)
	for name, c := range cases {
		for range soak(t, 10) {
			alone(t, dir+"/"+c.file).wait(t).expect(t, c.code, "casemate-init: exec ", c.says)
		}
		if t.Failed() {
			t.Fatal(name)
		}
	}
	bind := fmt.Sprintf("[mounts]\nbind = [{ from = %q, at = \"/x\", exec = true }]\n", dir)
	for name, c := range cases {
		text := policy("failing", `"/x/`+c.file+`"`, bind)
		if c.file == "." {
			text = policy("failing", `"/x"`, bind)
		}
		for range soak(t, 2) {
			launch(t, compiled(t, text)).expect(t, c.code, "exec /x", c.says)
		}
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// Arguments that fit init's execve(2) and not the workload's, which an interpreter makes
// longer: 126.
func TestR12TooManyArguments(t *testing.T) {
	needRoot(t)
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh -"+strings.Repeat("e", 200)+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	// 128 KiB in all, whatever the stack may have (execve(2), "Limits on size of arguments").
	var before unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_STACK, &unix.Rlimit{Cur: 512 << 10, Max: 512 << 10}, &before); err != nil {
		t.Skipf("needs a small stack: %v", err)
	}
	defer unix.Prlimit(0, unix.RLIMIT_STACK, &before, nil)
	for size := 128 << 10; size > 120<<10; size -= 64 {
		cmd := exec.Command(filepath.Join(bin, "casemate-init"), "--", script, strings.Repeat("x", size/2), strings.Repeat("x", size/2))
		cmd.Env = []string{"A=1"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
		out, err := cmd.CombinedOutput()
		if errors.Is(err, unix.E2BIG) {
			continue // init's own
		}
		if code := cmd.ProcessState.ExitCode(); code != 126 || !strings.Contains(string(out), "argument list too long") {
			t.Errorf("with %d bytes: exit %d: %.200s", size, code, out)
		}
		return
	}
	t.Error("init cannot be executed at all")
}

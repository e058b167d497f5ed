package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A shim that was started with 200 descriptors of the host leaves none to the workload, and
// init keeps none of them (CVE-2024-21626).
func TestS09InheritedDescriptors(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("inherit", `"/app/probe"`, ""))
	p := &process{cmd: exec.Command(filepath.Join(bin, "casemate-shim"), "run", sealed), done: make(chan error, 1)}
	kinds := []string{"/", "/proc", "/etc/passwd", "/sys", "/proc/self/ns/mnt", "/dev/null"}
	for i := range 197 {
		f, err := os.Open(kinds[i%len(kinds)])
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		p.cmd.ExtraFiles = append(p.cmd.ExtraFiles, f)
	}
	p.start(t)
	r := decoded(t, p.wait(t))
	equal(t, "descriptors of the workload", len(r.FDs), 3)
}

// init holds what it needs and nothing of the host: no directory, no regular file of a file
// system of the host but what the manager gave as standard streams.
func TestS10DescriptorsOfInit(t *testing.T) {
	needRoot(t)
	p := running(t, compiled(t, policy("resident", `"/app/probe", "sleep"`, "")))
	p.until(t, "ready")
	init := initOf(t, p)
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", init))
	if err != nil || len(entries) < 4 { // three streams and the gate
		t.Fatalf("%d descriptors, %v", len(entries), err)
	}
	for _, e := range entries {
		target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", init, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := strings.Cut(target, ":")
		if kind != "socket" && kind != "pipe" && kind != "anon_inode" && !(target == "/dev/null" && len(e.Name()) == 1 && e.Name() < "3") {
			t.Errorf("descriptor %s is %s", e.Name(), target)
		}
	}
	for link, want := range map[string]string{"cwd": "/", "root": "/"} {
		if got, err := os.Readlink(fmt.Sprintf("/proc/%d/%s", init, link)); err != nil || got != want {
			t.Errorf("%s of init is %q, %v", link, got, err)
		}
	}
	// Its runtime's other threads end once it has nothing to do.
	threads := func() string { return procField(t, init, "Threads") }
	eventually(t, func() bool { return threads() == "1" }, func() string { return "init has " + threads() + " threads" })
	p.signal(t, syscall.SIGTERM)
	p.wait(t)
}

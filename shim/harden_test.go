package main

import (
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What harden undoes, in a process of its own: the limits that the environment has set
// hold before it and not after.
func TestHarden(t *testing.T) {
	if os.Getenv("GOGC") != "7" {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self, "-test.run=^TestHarden$", "-test.v")
		cmd.Env = []string{"GOGC=7", "GOMEMLIMIT=64MiB", "GODEBUG=panicnil=1", "GOTRACEBACK=crash"}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestHarden") {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	if limit := debug.SetMemoryLimit(-1); limit != 64<<20 {
		t.Fatalf("the environment has no effect: a limit of %d", limit)
	}
	if err := harden(); err != nil {
		t.Fatal(err)
	}
	if limit := debug.SetMemoryLimit(-1); limit < 1<<62 {
		t.Errorf("a limit of %d", limit)
	}
	if percent := debug.SetGCPercent(100); percent != 100 {
		t.Errorf("collects at %d", percent)
	}
	if v, ok := os.LookupEnv("GODEBUG"); ok {
		t.Errorf("GODEBUG is %q", v)
	}
	if v, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); v != 0 || err != nil {
		t.Errorf("dumpable: %d, %v", v, err)
	}
}

package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"

	"casemate/internal/inherit/hold"

	"golang.org/x/sys/unix"
)

// The environment has no say in how the runtime works: internal/inherit/hold has overruled it, or,
// where it has too many variables for that, harden makes up for it. In a process of its own.
func TestHarden(t *testing.T) {
	if mode := os.Getenv("CASEMATE_HARDEN"); mode != "" {
		hardened(t, mode == "made up for")
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for mode, more := range map[string]int{"overruled": 0, "made up for": 1100} {
		cmd := exec.Command(self, "-test.run=^TestHarden$", "-test.v")
		cmd.Env = []string{"GOGC=7", "GOMEMLIMIT=64MiB", "GODEBUG=panicnil=1", "GOTRACEBACK=crash", "GOMAXPROCS=2", "CASEMATE_HARDEN=" + mode}
		for n := range more {
			cmd.Env = append(cmd.Env, fmt.Sprintf("V%d=", n))
		}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestHarden") {
			t.Errorf("%s: %v: %s", mode, err, out)
		}
	}
}

func hardened(t *testing.T, late bool) {
	before := int64(hold.Limit)
	if late {
		before = 64 << 20
	}
	if limit := debug.SetMemoryLimit(-1); limit != before || hold.Set() == late {
		t.Fatalf("a limit of %d, set: %t", limit, hold.Set())
	}
	if err := harden(); err != nil {
		t.Fatal(err)
	}
	if limit := debug.SetMemoryLimit(-1); limit != hold.Limit {
		t.Errorf("a limit of %d", limit)
	}
	if percent := debug.SetGCPercent(100); percent != -1 {
		t.Errorf("collects at %d", percent)
	}
	if v := os.Getenv("GODEBUG"); v != "" {
		t.Errorf("GODEBUG is %q", v)
	}
	if v, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); v != 0 || err != nil {
		t.Errorf("dumpable: %d, %v", v, err)
	}
}

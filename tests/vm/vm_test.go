package vm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestRung boots every machine and gives each test of its guest as one of its own.
func TestRung(t *testing.T) {
	need(t)
	k, err := fetchKernel()
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{kernel: k}
	start := time.Now()
	t.Cleanup(func() {
		// Not t.Log: tests/count shows it where nothing has failed, too.
		fmt.Printf("machines: %s; %.0f s in all\n", f.times(), time.Since(start).Seconds())
	})
	for _, r := range rungs {
		t.Run(r.name, func(t *testing.T) {
			b := f.wants(r)
			t.Parallel() // those that are asked for are known by now
			f.await(b)
			climb(t, b)
		})
	}
}

// need skips, or fails, where no machine can be booted.
func need(t *testing.T) {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Skipf("the machines are amd64's, this host is %s", runtime.GOARCH)
	}
	for _, program := range []string{"qemu-system-x86_64", "apt-get", "busybox"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%v; tests/setup.sh installs it", err)
		}
	}
	if testing.Short() {
		t.Skip("no machines in a short run")
	}
}

func climb(t *testing.T, b *boot) {
	r, out, err := b.rung, b.out, b.err
	show(t, string(out))
	sections := strings.Split(string(out), "\n"+roomMark)
	report(t, sections[0])
	reportRooms(t, r.rooms, sections[1:])
	if r.tests != "" {
		for _, e := range exempt {
			t.Run(e.test, func(t *testing.T) { t.Skip("not in a machine: it ", e.why) })
		}
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if why := r.fault(out); why != "" {
		t.Fatalf("%s\n%s", why, out)
	}
	if r.lsm != "" && r.load != nil {
		t.Run("nothing is denied to shim and init", func(t *testing.T) {
			unexpected, expected := out.denials(r.meant)
			for _, line := range unexpected {
				t.Error(line)
			}
			// Its tests have some refused: a log without them is not the log.
			if expected == 0 && os.Getenv(others) == "" {
				t.Error("the log has not one of those that are meant")
			}
		})
	}
	if !out.ended() && !t.Failed() {
		t.Fatalf("a command of the guest failed\n%s", out)
	}
}

var verdictLine = regexp.MustCompile(`(?m)^\s*--- (PASS|FAIL|SKIP): (\S+) \(([0-9.]+s)\)`)

// report repeats the guest's verdicts as subtests. What a test has said stands before its
// verdict, behind the one before.
func report(t *testing.T, out string) {
	said := 0
	for _, m := range verdictLine.FindAllStringSubmatchIndex(out, -1) {
		verdict, name := out[m[2]:m[3]], out[m[4]:m[5]]
		words := strings.TrimSpace(out[said:m[0]])
		said = m[1]
		t.Run(name, func(t *testing.T) {
			t.Logf("took %s in the guest", out[m[6]:m[7]])
			switch verdict {
			case "FAIL":
				t.Errorf("in the guest: %s", words)
			case "SKIP":
				t.Skipf("in the guest: %s", words)
			}
		})
	}
}

// Every test of the table is there, or it hides nothing.
func TestExempt(t *testing.T) {
	files, err := filepath.Glob("../*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var sources []byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, b...)
	}
	for _, e := range exempt {
		if !strings.Contains(string(sources), "\nfunc "+e.test+"(t *testing.T)") {
			t.Errorf("%s is exempt from the machines and does not exist", e.test)
		}
	}
}

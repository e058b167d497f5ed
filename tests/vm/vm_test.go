package vm

import (
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// TestRung boots every machine and gives each test of its guest as one of its own.
func TestRung(t *testing.T) {
	need(t)
	k, err := fetchKernel()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rungs {
		t.Run(r.name, func(t *testing.T) { climb(t, r, k) })
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

func climb(t *testing.T, r rung, k kernel) {
	m, err := r.machine(k)
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.boot()
	show(t, string(out))
	report(t, out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if why := r.fault(out); why != "" {
		t.Fatalf("%s\n%s", why, out)
	}
	if !out.ended() && !t.Failed() {
		t.Fatalf("a command of the guest failed\n%s", out)
	}
}

var verdictLine = regexp.MustCompile(`(?m)^\s*--- (PASS|FAIL|SKIP): (\S+) \(`)

// report repeats the guest's verdicts as subtests. What a test has said stands before its
// verdict, behind the one before.
func report(t *testing.T, out transcript) {
	said := 0
	for _, m := range verdictLine.FindAllStringSubmatchIndex(string(out), -1) {
		verdict, name := string(out)[m[2]:m[3]], string(out)[m[4]:m[5]]
		words := strings.TrimSpace(string(out)[said:m[0]])
		said = m[1]
		t.Run(name, func(t *testing.T) {
			switch verdict {
			case "FAIL":
				t.Errorf("in the guest: %s", words)
			case "SKIP":
				t.Skipf("in the guest: %s", words)
			}
		})
	}
}

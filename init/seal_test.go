package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"casemate/internal/exit"
	"casemate/internal/gate"
	"casemate/internal/orders"
)

// tasks gives a line of /proc/PID/status for each thread of init.
func (i *instance) tasks(t *testing.T, key string) (values []string) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", i.pid))
	if err != nil || len(files) == 0 {
		t.Fatalf("no threads: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		for line := range strings.Lines(string(text)) {
			if value, ok := strings.CutPrefix(line, key+":"); ok {
				values = append(values, strings.TrimSpace(value))
			}
		}
	}
	if len(values) == 0 {
		t.Fatalf("no thread of init has %s", key)
	}
	return values
}

// sealedInits are inits whose workload runs, under the shim and alone, as root with all the
// capabilities that this test has.
func sealedInits(t *testing.T) map[string]*instance {
	t.Helper()
	const script = `cat /proc/self/status; echo up; exec sleep 1000`
	under := ordered(t, shell(script))
	under.expect(t, gate.Started)
	one := single(t, "/bin/sh", "-c", script)
	for _, i := range []*instance{under, one} {
		i.until(t, "up")
	}
	return map[string]*instance{"under the shim": under, "alone": one}
}

// When the workload has said a word, all of init's threads have a filter and init has no
// capability but KILL; the workload has what it would have had.
func TestInitSealsItself(t *testing.T) {
	needRoot(t)
	ours, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		t.Fatal(err)
	}
	field := func(text, key string) string {
		_, rest, _ := strings.Cut(text, "\n"+key+":")
		value, _, _ := strings.Cut(rest, "\n")
		return strings.TrimSpace(value)
	}
	for name, i := range sealedInits(t) {
		for end := time.Now().Add(patience); i.status(t, "Seccomp") != "2" && time.Now().Before(end); time.Sleep(time.Millisecond) {
			// The workload may be faster than init behind it.
		}
		for key, want := range map[string]string{"Seccomp": "2", "NoNewPrivs": "1"} {
			for _, got := range i.tasks(t, key) {
				if got != want {
					t.Errorf("%s: %s of a thread is %s", name, key, got)
				}
			}
		}
		for key, want := range map[string]string{
			"CapEff": "0000000000000020", "CapPrm": "0000000000000020", "CapInh": "0000000000000000", "CapAmb": "0000000000000000",
		} {
			if got := i.status(t, key); got != want {
				t.Errorf("%s: %s is %s", name, key, got)
			}
		}
		workload := "\n" + i.stdout.String()
		for _, key := range []string{"CapEff", "CapPrm", "CapBnd", "Seccomp"} {
			if got, want := field(workload, key), field("\n"+string(ours), key); got != want {
				t.Errorf("%s: the workload's %s is %s, want %s", name, key, got, want)
			}
		}
		if got, want := field(workload, "NoNewPrivs"), map[string]string{"under the shim": "1", "alone": "0"}[name]; got != want {
			t.Errorf("%s: the workload's NoNewPrivs is %s", name, got)
		}
	}
}

// One that runs nothing seals itself too, and ends as asked.
func TestPauseSealsItself(t *testing.T) {
	needRoot(t)
	cmd := exec.Command(binary, "-P")
	cmd.SysProcAttr = pidns()
	i := begin(t, cmd)
	for end := time.Now().Add(patience); i.status(t, "Seccomp") != "2"; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("there is no filter")
		}
	}
	if got := i.status(t, "CapEff"); got != "0000000000000020" {
		t.Errorf("CapEff is %s", got)
	}
	i.signal(t, syscall.SIGTERM)
	i.ends(t, 0)
}

// An init without CAP_KILL has none afterwards.
func TestSealedWithoutCapabilities(t *testing.T) {
	needRoot(t)
	cmd := exec.Command(self, "probe", "enter", "uid=65534", binary, binary, "--", "/bin/sh", "-c", "echo up; exec sleep 1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	i := begin(t, cmd)
	i.until(t, "up")
	for end := time.Now().Add(patience); i.status(t, "Seccomp") != "2"; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("there is no filter")
		}
	}
	for _, key := range []string{"CapEff", "CapPrm", "CapInh", "CapAmb"} {
		if got := i.status(t, key); got != "0000000000000000" {
			t.Errorf("%s is %s", key, got)
		}
	}
	i.signal(t, syscall.SIGTERM)
	i.ends(t, 128+15)
}

// Under the shim an init that cannot seal itself does not stay. Nothing else of a launch
// can bring that about: the policy's filter grants the call, no_new_privs is set.
func TestUnsealedInitLeaves(t *testing.T) {
	needRoot(t)
	o := shell("exec sleep 1000")
	i := startShimmed(t, shimmed{orders: &o, seals: sealed, lax: true})
	i.expect(t, gate.Ready)
	i.tell(t, gate.Release)
	i.ends(t, exit.Step, "casemate-init: seal: permission denied\n")
}

// What a workload of another uid does is still init's to end.
func TestSealedInitSignalsOtherUsers(t *testing.T) {
	o := orders.Orders{Argv: []string{self, "probe", "become", "65534", self, "probe", "puppet", "main", "15=exit:9"}, Cwd: "/", Stop: 15, Grace: 80_000}
	i := ordered(t, o)
	i.expect(t, gate.Started)
	i.until(t, "main up")
	i.signal(t, syscall.SIGTERM)
	i.ends(t, 9)
}

// Alone, init keeps no descriptor that it was started with: who waits for the end of a pipe,
// or connects to a socket, waits for the workload and not for init.
func TestAloneInitKeepsNoDescriptors(t *testing.T) {
	needRoot(t)
	cmd := exec.Command("/bin/sh", "-c", `exec "$0" -- /bin/sh -c 'ls /proc/self/fd | wc -l; echo up; exec sleep 1000' 5</dev/null 9</dev/null`, binary)
	cmd.SysProcAttr = pidns()
	i := begin(t, cmd)
	if got := i.line(t); got != "6" { // with the directory that ls reads
		t.Errorf("the workload has %s descriptors", got)
	}
	i.until(t, "up")
	for end := time.Now().Add(patience); i.links(t, "fd") != "0 1 2"; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("descriptors %s", i.links(t, "fd"))
		}
	}
}

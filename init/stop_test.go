package main

import (
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"casemate/internal/gate"
	"casemate/internal/orders"
)

// puppet is orders for a main child that does as it is told: see probePuppet.
func puppet(does ...string) orders.Orders {
	o := reporter()
	o.Argv = append([]string{self, "probe", "puppet", "main"}, does...)
	return o
}

// up starts init with orders and waits until its main child is ready.
func up(t *testing.T, o orders.Orders) *instance {
	t.Helper()
	i := ordered(t, o)
	i.expect(t, gate.Started)
	i.until(t, "main up")
	return i
}

// orphaned lets the puppet, which was told 10=orphan, start another.
func (i *instance) orphaned(t *testing.T) {
	t.Helper()
	i.signal(t, syscall.SIGUSR1)
	i.until(t, "other up")
}

// rest is what the workload still says, to its end, sorted.
func (i *instance) rest() string {
	var all []string
	for l := range i.lines {
		all = append(all, l)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func (i *instance) remains(t *testing.T, want string) {
	t.Helper()
	if got := i.rest(); got != want {
		t.Errorf("the workload still said %q, want %q", got, want)
	}
}

// main is the main child, by its number here.
func (i *instance) main(t *testing.T) process {
	t.Helper()
	return slices.MinFunc(children(t, i.pid), func(a, b process) int { return a.pid - b.pid })
}

// The request to stop becomes the policy's signal, CONT follows, and what the main child
// makes of it is the exit status. Other signals that mean an end to many are passed on
// and no more.
func TestStopSignal(t *testing.T) {
	o := puppet("3=exit:5")
	o.Stop, o.Grace = 3, 100
	i := up(t, o)
	for _, n := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT} {
		i.signal(t, n)
	}
	time.Sleep(200 * time.Millisecond) // longer than the grace, which does not run
	i.signal(t, syscall.SIGTERM)
	if status := syscall.WaitStatus(i.expect(t, gate.Exited)); status.ExitStatus() != 5 {
		t.Errorf("the gate says %#x", status)
	}
	i.ends(t, 5)
	if got := i.rest(); got != "main 1, main 2, main 3" && got != "main 1, main 18, main 2, main 3" {
		t.Errorf("the workload said %q", got)
	}
}

// A main child that is stopped is woken to hear it.
func TestStoppedWorkloadIsWoken(t *testing.T) {
	for scope := range orders.ScopeLimit {
		o := puppet("15=exit:6")
		o.Scope = scope
		i := up(t, o)
		main := i.main(t).pid
		if err := syscall.Kill(main, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(patience); i.main(t).state != "T" && time.Now().Before(end); time.Sleep(time.Millisecond) {
		}
		i.signal(t, syscall.SIGTERM)
		i.ends(t, 6)
	}
}

// A workload that does not end is killed when the grace is over, however often and by
// whatever signals init is asked meanwhile, and all that is left of it with it.
func TestGraceEnds(t *testing.T) {
	o := puppet("10=orphan")
	o.Grace = 500
	i := up(t, o)
	i.orphaned(t)
	begun := time.Now()
	for done := false; !done; {
		i.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		i.cmd.Process.Signal(syscall.SIGHUP)
		select {
		case err := <-i.done:
			i.done <- err
			done = true
		case <-time.After(time.Millisecond):
		}
		if time.Since(begun) > patience {
			t.Fatal("it goes on")
		}
	}
	if took := time.Since(begun); took < 500*time.Millisecond {
		t.Errorf("the grace was %s", took)
	}
	if status := syscall.WaitStatus(i.expect(t, gate.Exited)); status.Signal() != syscall.SIGKILL {
		t.Errorf("the gate says %#x", status)
	}
	i.ends(t, 128+9, "casemate-init: the grace is over: killed what was left\n")
}

// No grace: nobody hears of it.
func TestNoGrace(t *testing.T) {
	o := puppet("10=orphan", "12=exit:4")
	o.Grace = 0
	i := up(t, o)
	i.signal(t, syscall.SIGTERM)
	i.ends(t, 128+9)
	i.remains(t, "")
	i = up(t, o)
	i.orphaned(t)
	i.signal(t, syscall.SIGUSR2)
	i.ends(t, 4)
	i.remains(t, "main 12")
}

// lateOther starts init with a puppet that ends on TERM or USR2, and one that it leaves
// behind, which takes its time.
func lateOther(t *testing.T, o orders.Orders) *instance {
	t.Helper()
	script := `setsid "$0" probe puppet other 15=late:300 & exec "$0" probe puppet main 15=exit:4 12=exit:4`
	o.Argv = []string{"/bin/sh", "-c", script, self}
	i := ordered(t, o)
	i.expect(t, gate.Started)
	for seen := map[string]bool{}; !seen["main up"] || !seen["other up"]; {
		seen[i.line(t)] = true
	}
	return i
}

// When the main child has ended, those it leaves behind are told, once, and waited for.
func TestOthersMayFinish(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGUSR2, syscall.SIGTERM} {
		i := lateOther(t, reporter())
		i.signal(t, s)
		if status := syscall.WaitStatus(i.expect(t, gate.Exited)); status.ExitStatus() != 4 {
			t.Errorf("the gate says %#x", status)
		}
		i.ends(t, 4)
		if got := i.rest(); strings.Count(got, "other 15") != 1 || !strings.HasSuffix(got, "other late") {
			t.Errorf("after %s: %q", s, got)
		}
	}
}

// Those who do not end have what is left of the grace, and the main child's status is
// init's all the same.
func TestOthersAreKilled(t *testing.T) {
	o := puppet("10=orphan", "12=exit:4")
	o.Grace = 200
	i := up(t, o)
	i.orphaned(t)
	i.signal(t, syscall.SIGUSR2)
	i.ends(t, 4, "the grace is over")
	i.remains(t, "main 12, other 15, other 18")
}

// With scope = "all" everyone hears the stop signal, those in sessions of their own too,
// and hears it once.
func TestStopAll(t *testing.T) {
	o := reporter()
	o.Scope = orders.ScopeAll
	i := lateOther(t, o)
	i.signal(t, syscall.SIGUSR1)
	for got := []string{i.line(t), i.line(t)}; !slices.Contains(got, "main 10") || !slices.Contains(got, "other 10"); {
		t.Fatalf("USR1 reached %q", got)
	}
	i.signal(t, syscall.SIGTERM)
	i.ends(t, 4)
	if got := i.rest(); strings.Count(got, "other 15") != 1 || !strings.Contains(got, "other late") {
		t.Errorf("the workload said %q", got)
	}
}

// TERM from a process of the container is a signal like others; nobody is killed for it.
func TestTermFromInsideIsNoRequest(t *testing.T) {
	o := puppet("10=inside:15", "12=exit:8")
	o.Grace = 100
	i := up(t, o)
	// As long as init has other threads one of them may take it and hand it over, and then
	// nothing tells where it came from (machine.outside).
	i.settlesToOneThread(t)
	i.signal(t, syscall.SIGUSR1)
	i.until(t, "main 15")
	time.Sleep(200 * time.Millisecond)
	i.signal(t, syscall.SIGUSR2)
	i.ends(t, 8)
	i.remains(t, "main 12")
}

// Alone, the one who asks for the end sets the limit for the main child. What that leaves
// behind is told, and the namespace ends.
func TestAloneIsPatient(t *testing.T) {
	i := single(t, self, "probe", "puppet", "main", "10=orphan", "12=exit:7")
	i.until(t, "main up")
	i.orphaned(t)
	i.signal(t, syscall.SIGTERM)
	i.until(t, "main 15")
	i.signal(t, syscall.SIGUSR2)
	i.until(t, "other 15")
	for _, p := range children(t, i.pid) {
		syscall.Kill(p.pid, syscall.SIGKILL)
	}
	i.ends(t, 7)
}

// An init that is not PID 1 tells the group that the main child has led, and nobody else.
func TestNotPIDOneTellsTheGroup(t *testing.T) {
	needRoot(t)
	const script = `"$0" probe puppet other 15=exit:0 & exec "$0" probe puppet main 12=exit:7`
	cmd := exec.Command("/bin/sh", "-c", `"$0" probe puppet stranger & "$1" -- /bin/sh -c "$2" "$0" & init=$!
while read -r x; do kill -$x $init; done; wait $init`, self, binary, script)
	cmd.SysProcAttr = pidns()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	i := begin(t, cmd)
	for seen := map[string]bool{}; len(seen) < 3; {
		seen[i.line(t)] = true
	}
	stdin.Write([]byte("USR2\n"))
	i.until(t, "other 15")
	stdin.Close()
	i.ends(t, 7)
	if got := i.rest(); strings.Contains(got, "stranger") {
		t.Errorf("the workload said %q", got)
	}
}

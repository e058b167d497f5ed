package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"casemate/tests/lab"

	"golang.org/x/sys/unix"
)

// prompt is a generous bound for an answer among hundreds of processes that do not let
// the processors go; what was measured is logged.
const prompt = 20 * time.Second

// answers has the main child answer n signals through init, and gives the times that half of
// them took and that all but a hundredth did.
func (p *process) answers(t *testing.T, n int) (p50, p99 time.Duration) {
	t.Helper()
	var took []time.Duration
	for range n {
		before, start := strings.Count(p.stdout.String(), "pong"), time.Now()
		p.signal(t, syscall.SIGUSR2)
		for strings.Count(p.stdout.String(), "pong") == before {
			if time.Since(start) > prompt {
				t.Fatalf("no answer after %d: %s", len(took), p.stderr.String())
			}
			time.Sleep(100 * time.Microsecond)
		}
		took = append(took, time.Since(start))
	}
	return time.Duration(lab.Quantile(took, 0.5)), time.Duration(lab.Quantile(took, 0.99))
}

// prompts makes the main child answer at once when init has passed a signal on: what is
// measured then is init's part. What it starts afterwards is scheduled as ever.
func prompts(t *testing.T, main int) {
	t.Helper()
	if err := unix.SchedSetAttr(main, &unix.SchedAttr{Policy: unix.SCHED_FIFO, Priority: 1, Flags: unix.SCHED_FLAG_RESET_ON_FORK}, 0); err != nil {
		t.Logf("the main child waits its turn to answer, too: %v", err)
	}
}

// ordinary sees to it that each of some processes is scheduled by a nice value and nothing else,
// which is this test's, init too as soon as it has answered.
func ordinary(t *testing.T, pids ...int) {
	t.Helper()
	own, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		var a *unix.SchedAttr
		var err error
		eventually(t, func() bool {
			a, err = unix.SchedGetAttr(pid, 0)
			return err != nil || a.Policy == unix.SCHED_NORMAL && a.Nice == own.Nice
		}, func() string { return fmt.Sprintf("process %d is scheduled by %+v", pid, *a) })
	}
}

// bomber is who bombs: a number that nobody else has.
const bomber = 64123

// bomb is the workload's command line: its user may have so many processes.
func bomb(most int, more ...string) []string {
	return append([]string{"bomb", strconv.Itoa(bomber), strconv.Itoa(most)}, more...)
}

// armed sees to it that a bomb has two bounds before it is lit: that the process lies in
// the group, whose limit is the given one, and that it is not root and may have no more
// processes than that allows, or a few more.
func (g group) armed(t *testing.T, pid, most int) {
	t.Helper()
	g.holds(t, pid)
	if got := g.number(t, "pids.max"); got != most {
		t.Fatalf("pids.max is %d", got)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	_, line, _ := strings.Cut(string(text), "Max processes")
	var soft, hard int
	if n, _ := fmt.Sscan(line, &soft, &hard); err != nil || n != 2 || soft > 1024 || hard > 1024 {
		t.Fatalf("the bomb may have %.50s, %v", line, err)
	}
	if uid := procField(t, pid, "Uid"); !strings.HasPrefix(uid, strconv.Itoa(bomber)) {
		t.Fatalf("the bomb is of the user %s", uid)
	}
	if caps := procField(t, pid, "CapEff"); strings.Trim(caps, "0") != "" {
		t.Fatalf("the bomb has the capabilities %s", caps)
	}
}

// explode lights the bomb, waits until it has reached its limit, and stops it. Its
// processes may end by TERM or, what has just been forked by one that blocked it, when
// the grace is over.
func explode(t *testing.T, p *process, g group, main, most int) {
	t.Helper()
	p.signal(t, syscall.SIGUSR1)
	eventually(t, func() bool { return g.number(t, "pids.current") == most }, func() string { return "the bomb does not reach its limit: " + p.stderr.String() })
	ordinary(t, g.members(t)...)
	prompts(t, main)
	p50, p99 := p.answers(t, soak(t, 20))
	p.signal(t, syscall.SIGTERM)
	start := time.Now()
	r := p.wait(t)
	took := time.Since(start)
	t.Logf("init passes signals on within %s (p50) and %s (p99); end by TERM after %s", p50, p99, took)
	said := strings.TrimSuffix(r.stderr, late)
	if r.code != 128+15 || said != "" && said != overdue || said != r.stderr && !slow(t) {
		t.Errorf("the end: %s", r)
	}
	if took > prompt && !slow(t) {
		t.Errorf("TERM was answered after %s", took)
	}
}

// overdue is what init says when it kills.
const overdue = "casemate-init: the grace is over: killed what was left\n"

// late is what the shim says when init takes longer than a second for that.
const late = "casemate-shim: init has not ended 1s after the grace: it is killed\n"

// A fork bomb that has eaten the cgroup's processes takes neither init nor the answer to
// TERM with it.
func TestR08ForkBomb(t *testing.T) {
	for _, most := range []int{8, 64, 512} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			needRoot(t)
			g := controlled(t, "pids")
			g.set(t, "pids.max", fmt.Sprint(most))
			p := g.alone(t, hard(bomb(600)...)...)
			p.until(t, "ready")
			main := mainChild(t, p.cmd.Process.Pid)
			g.armed(t, main, most)
			explode(t, p, g, main, most)
		})
	}
}

// Under the shim the bomb's processes ignore TERM and have left the session: the end of
// the grace ends them. Init comes first while it answers, and only then: no process of the
// container's is left with more than its due.
func TestR08ForkBombUnderTheShim(t *testing.T) {
	for _, most := range []int{8, 64, 512} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			needRoot(t)
			g := controlled(t, "pids")
			p := running(t, compiled(t, bomberPolicy()))
			p.until(t, "ready")
			init := initOf(t, p)
			main := mainChild(t, init)
			g.set(t, "pids.max", fmt.Sprint(most))
			g.take(t, init, main)
			g.armed(t, main, most)
			explode(t, p, g, main, most)
		})
	}
}

// bomberPolicy is a policy of the bomb whose processes ignore TERM.
func bomberPolicy() string {
	return strings.Replace(hardPolicy("bomb", "1s", bomb(600, "stubborn")...), "[exec]\n", fmt.Sprintf("[exec]\nuser = \"%d\"\ngroup = \"%d\"\n", bomber, bomber), 1)
}

// The same with the limit that a policy states. Init counts.
func TestR08ForkBombAtThePolicysLimit(t *testing.T) {
	needController(t, "pids")
	const most = 64
	p := running(t, compiled(t, bomberPolicy()+fmt.Sprintf("[cgroup]\npids.max = %d\n", most)))
	p.until(t, "ready")
	init := initOf(t, p)
	main := mainChild(t, init)
	g := ownGroup(t, init)
	g.armed(t, main, most)
	explode(t, p, g, main, most)
}

// The same with the limit of a user's processes, which counts threads. Init is of that
// user as well.
func TestR08ForkBombOfAUser(t *testing.T) {
	needRoot(t)
	const most = 48
	g := controlled(t, "pids")
	g.set(t, "pids.max", "200")
	args := append([]string{fmt.Sprintf("--nproc=%d", most), filepath.Join(bin, "casemate-init"), "--"}, hard(bomb(most)...)...)
	cmd := exec.Command("prlimit", args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: bomber, Gid: bomber}}
	p := asInit(t, cmd)
	p.until(t, "ready")
	main := mainChild(t, p.cmd.Process.Pid)
	g.take(t, p.cmd.Process.Pid, main)
	g.armed(t, main, 200)
	explode(t, p, g, main, most)
}

// Where there is no room for the threads that a Go program starts with, init does not run:
// it ends, and the workload has not begun.
func TestR08NoRoomForInit(t *testing.T) {
	needRoot(t)
	g := controlled(t, "pids")
	g.set(t, "pids.max", "1")
	if r := g.alone(t, hard("tree", "1")...).wait(t); r.code <= 0 || r.stdout != "" {
		t.Errorf("without room for a thread: %s", r)
	}
}

// The bomb is none where it has no bounds.
func TestBombRefuses(t *testing.T) {
	needRoot(t)
	for _, args := range [][]string{{"bomb"}, {"bomb", "0", "10"}, {"bomb", "64123"}, {"bomb", "64123", "0"}, {"bomb", "64123", "100000"}} {
		command(t, hard(args...)[0], args...).expect(t, 2, "a bomb without bounds")
	}
}

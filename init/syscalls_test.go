//go:build cgo

package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"casemate/internal/exit"
	"casemate/internal/gate"
	"casemate/internal/orders"
	"casemate/policy/filter"
)

// seldom are calls of the set that a run may do without.
var seldom = []string{
	"execveat",        // the shim executes init from a descriptor, this test by a path
	"tgkill",          // a signal that comes before the other threads are ended is relayed
	"rt_sigreturn",    // the same
	"munmap",          // a reservation of the runtime was not aligned
	"sched_yield",     // threads of the runtime spin
	"nanosleep",       // the runtime's monitor, if it gets as far
	"restart_syscall", // a sleep or a futex with a limit was interrupted by a stop
	"clock_gettime",   // the vDSO cannot read the clock
	"pread64",         // a cgroup limits the cpu
	"arch_prctl",      // amd64 alone
}

// call is a line of strace's log.
type call struct {
	pid, name, text string
	resumed         bool
}

var (
	callLine = regexp.MustCompile(`^(\d+) +(<\.\.\. )?(\w+)(?:\(| resumed>)`)
	result   = regexp.MustCompile(`\) += (-?\d+)`)
)

// readCalls reads the log from the execve of casemate-init on. The first call is that.
func readCalls(t *testing.T, log string) (calls []call) {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		m := callLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		c := call{pid: m[1], name: m[3], text: line, resumed: m[2] != ""}
		if len(calls) > 0 || c.name == "execve" && strings.Contains(line, `["casemate-init"]`) {
			calls = append(calls, c)
		}
	}
	if len(calls) == 0 {
		t.Fatal("strace did not see casemate-init")
	}
	return calls
}

// family finds init's threads and its children among those who call.
func family(calls []call) (threads, children map[string]bool) {
	threads, children = map[string]bool{calls[0].pid: true}, map[string]bool{}
	pending := map[string]string{} // the clone that a thread is in
	for _, c := range calls {
		if c.name != "clone" || !threads[c.pid] {
			continue
		}
		if !c.resumed {
			pending[c.pid] = c.text
		}
		if id := result.FindStringSubmatch(c.text); id != nil && strings.Contains(pending[c.pid], "CLONE_THREAD") {
			threads[id[1]] = true
		} else if id != nil {
			children[id[1]] = true
		}
	}
	return threads, children
}

// callsOfInit are the calls of init's threads, and those of its child until that has
// executed the workload.
func callsOfInit(calls []call) map[string]bool {
	seen := map[string]bool{}
	threads, children := family(calls)
	for _, c := range calls[1:] {
		if !threads[c.pid] && !children[c.pid] {
			continue
		}
		seen[c.name] = true
		if r := result.FindStringSubmatch(c.text); c.name == "execve" && r != nil && r[1] == "0" {
			delete(children, c.pid)
		}
	}
	return seen
}

// The set that every filter grants is what init calls: nothing is missing, and nothing
// is in it that init does not need.
func TestSyscallSet(t *testing.T) {
	needRoot(t)
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("needs strace, which tells what init calls")
	}
	const busy = `trap : USR1; i=0; while [ $i -lt 20 ]; do (:& :&); i=$((i+1)); done; kill -USR1 $PPID; exit 3`
	seen := map[string]bool{}
	for _, env := range [][]string{nil, {"GOMAXPROCS=2", "GOGC=100"}} {
		for scope := range orders.ScopeLimit {
			o := shell(busy)
			o.Scope = scope
			maps.Copy(seen, traced(t, env, o, 3))
		}
		withSocket := shell("exit 3")
		withSocket.Sockets = 1
		maps.Copy(seen, traced(t, env, withSocket, 3))
		maps.Copy(seen, traced(t, env, orders.Orders{Argv: []string{"/nothing"}, Stop: 15}, exit.NotFound))
	}
	set := filter.InitSet()
	for call := range seen {
		// strace is PID 1 here and init is not; under the shim it never looks after a group.
		if !slices.Contains(set, call) && call != "waitid" {
			t.Errorf("init calls %s, which the set lacks", call)
		}
	}
	for _, call := range set {
		if !seen[call] && !slices.Contains(seldom, call) {
			t.Errorf("the set has %s, which init does not call", call)
		}
	}
	for _, call := range seldom {
		if !slices.Contains(set, call) {
			t.Errorf("%s is said to be rare and is not in the set", call)
		}
	}
}

// traced is what init calls under strace while it follows orders.
func traced(t *testing.T, env []string, o orders.Orders, code int) map[string]bool {
	t.Helper()
	log := filepath.Join(t.TempDir(), "strace")
	i := startShimmed(t, shimmed{
		orders: &o, seals: sealed, env: env, passed: passed(t, int(o.Sockets)),
		via: []string{"strace", "-f", "-o", log, self, "probe", "reaper", binary, "casemate-init"},
	})
	i.expect(t, gate.Ready)
	i.tell(t, gate.Release)
	if got := i.end(t); got != code {
		t.Fatalf("exit %d: %s", got, i.stderr.String())
	}
	return callsOfInit(readCalls(t, log))
}

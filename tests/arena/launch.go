//go:build amd64

package arena

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"casemate/tests/trace"

	"golang.org/x/sys/unix"
)

// Outcome is what came of a launch.
type Outcome struct {
	Code           int // exit status of the shim; 128+n when a signal ended it
	Signal         int // that signal, or 0
	Stdout, Stderr string
	Took           time.Duration
	Hung           string // who had to be killed when the time was over
}

func (o *Outcome) String() string {
	return fmt.Sprintf("exit %d after %s\nstdout: %.300s\nstderr: %s%s", o.Code, o.Took.Round(time.Millisecond), o.Stdout, o.Stderr, o.Hung)
}

// Reported tells whether there is a report to judge. A launch that failed may have killed the
// workload while it wrote: then there is a part of one.
func (o *Outcome) Reported() bool {
	return o.Stdout != "" && (o.Code == 0 || strings.HasSuffix(o.Stdout, "\n}\n"))
}

const (
	// Patience is longer than any time limit of the shim's for a launch.
	Patience = 45 * time.Second
	// lingering is how long what the shim has killed at last may outlive it, on a machine that
	// has other things to do, too; mostly it is milliseconds.
	lingering = 5 * time.Second
)

// manages is a service manager that has just forked: LISTEN_PID is the shim's own number.
const manages = `; LISTEN_PID=$$ exec "$@"`

// Run runs the shim once, with a policy of Bin, under the Tracer or not, until nothing of it
// is left.
func (w *Worker) Run(policy string, traced bool) (*Outcome, error) {
	return w.run(w.managed("", ":", policy), w.env(), traced)
}

// RunAfter runs the shim in a mount namespace of its own, after some lines of shell.
func (w *Worker) RunAfter(script, policy string) (*Outcome, error) {
	return w.run(w.managed("/usr/bin/unshare -m", script, policy), w.env(), false)
}

// managed is the command line of the service manager.
func (w *Worker) managed(prefix, script, policy string) []string {
	shim := []string{filepath.Join(w.Bin, "casemate-shim"), "run", filepath.Join(w.Bin, policy+".sealed")}
	return slices.Concat(strings.Fields(prefix), []string{"/bin/sh", "-c", script + manages, "sh"}, shim)
}

func (w *Worker) env() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "NOTIFY_SOCKET=" + managerSocket, "LISTEN_FDS=1", "LISTEN_FDNAMES=http",
		"CREDENTIALS_DIRECTORY=" + filepath.Join(w.Dir, "credentials")}
}

// Recover runs casemate-shim recover.
func (w *Worker) Recover() (*Outcome, error) {
	return w.run([]string{filepath.Join(w.Bin, "casemate-shim"), "recover"}, os.Environ(), false)
}

func (w *Worker) run(argv, env []string, traced bool) (*Outcome, error) {
	for _, f := range w.files[1:3] {
		if err := f.Truncate(0); err != nil {
			return nil, err
		}
	}
	files := make([]uintptr, len(w.files))
	for i, f := range w.files {
		files[i] = f.Fd()
	}
	guard := watch()
	w.Tracer.Ended = guard.ended
	begin := time.Now()
	start := trace.Untraced
	if traced {
		start = w.Tracer.Run
	}
	status, err := start(argv[0], argv, env, files)
	o := &Outcome{Code: status.ExitStatus(), Took: time.Since(begin), Hung: guard.stop()}
	if status.Signaled() {
		o.Signal = int(status.Signal())
		o.Code = 128 + o.Signal
	}
	w.drain()
	for i, text := range []*string{&o.Stdout, &o.Stderr} {
		b, readErr := os.ReadFile(w.files[i+1].Name())
		if readErr != nil {
			return nil, readErr
		}
		*text = string(b)
	}
	return o, err
}

// guard ends what does not end by itself.
type guard struct {
	deadline atomic.Int64 // Unix time, ns
	done     chan struct{}
	killed   chan string
}

func watch() *guard {
	g := &guard{done: make(chan struct{}), killed: make(chan string, 1)}
	g.deadline.Store(time.Now().Add(Patience).UnixNano())
	go g.wait()
	return g
}

// ended says that the shim has, and that the rest should soon.
func (g *guard) ended() { g.deadline.Store(time.Now().Add(lingering).UnixNano()) }

func (g *guard) wait() {
	defer close(g.killed)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-g.done:
			return
		case <-tick.C:
		}
		if time.Now().UnixNano() < g.deadline.Load() {
			continue
		}
		g.killed <- fmt.Sprintf("still there: %q", processes())
		for {
			unix.Kill(-1, unix.SIGKILL) // everybody but this process, which is PID 1
			select {
			case <-g.done:
				return
			case <-tick.C:
			}
		}
	}
}

// stop gives who was killed, "" for nobody.
func (g *guard) stop() string {
	close(g.done)
	return <-g.killed
}

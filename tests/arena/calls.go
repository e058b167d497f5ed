//go:build amd64

package arena

import (
	"fmt"
	"strings"
	"testing"

	"casemate/tests/trace"
)

// Place is a call of an undisturbed launch.
type Place struct {
	trace.Call
	Path  string   // that it names, "" for none
	Alive []string // the processes that are there when it is made, by their roles
}

// paths are the calls that name a path, and the argument that does.
var paths = map[string]int{
	"chdir": 0, "umount2": 0, "execve": 0, "mount": 1, "openat": 1, "openat2": 1, "open_tree": 1, "mkdirat": 1, "mknodat": 1,
	"newfstatat": 1, "statx": 1, "unlinkat": 1, "readlinkat": 1, "execveat": 1, "fchmodat": 1, "symlinkat": 2,
}

// Calls is a job: it lists the calls of an undisturbed launch of a policy.
func Calls(w *Worker, policy string) (list []Place, err error) {
	if _, err := w.Want(policy); err != nil {
		return nil, err
	}
	w.Tracer.Follow = func(role string) bool { return role != trace.Launcher && role != trace.Workload }
	w.Tracer.Entry, w.Tracer.Exit = nil, func(c *trace.Call) {
		if c.Nth == 0 { // the end of an exec
			return
		}
		p := Place{Call: *c}
		if arg, ok := paths[c.Name]; ok {
			p.Path = c.Text(c.Args[arg])
		}
		for _, role := range []string{trace.Shim, trace.Child, trace.Child + "2", trace.Init} {
			if w.Tracer.PID(role) != 0 {
				p.Alive = append(p.Alive, role)
			}
		}
		list = append(list, p)
	}
	o, err := w.Run(policy, true)
	if err != nil || o.Code != 0 {
		return nil, fmt.Errorf("%v %s", err, o)
	}
	return list, nil
}

// Launched are the calls of an undisturbed launch of a policy. Calls must be the pool's job
// "calls".
func (p *Pool) Launched(t testing.TB, policy string) (list []Place) {
	t.Helper()
	Each(p, "calls", []string{policy}, func(_ string, calls []Place, err error) {
		switch {
		case err != nil && strings.Contains(err.Error(), "the host lacks what the policy requires"):
			t.Skip(err)
		case err != nil:
			t.Fatal(err)
		}
		list = calls
	})
	return list
}

// Spoken tells whether something is said, and nothing but by the shim and init.
func Spoken(stderr string) bool {
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, "casemate-shim: ") && !strings.HasPrefix(line, "casemate-init: ") {
			return false
		}
	}
	return stderr != ""
}

//go:build amd64

package faults

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"testing"

	"casemate/tests/arena"
	"casemate/tests/lab"
)

// pool is the workers, which each have the machine to themselves.
var pool *arena.Pool

func TestMain(m *testing.M) {
	arena.Work(map[string]arena.Job{"calls": job(calls), "fault": job(inject)})
	code, err := withPool(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

func withPool(run func() int) (code int, err error) {
	if os.Geteuid() != 0 {
		return run(), nil // the tests skip
	}
	dir, err := os.MkdirTemp("", "casemate-faults-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := lab.Binaries(dir); err != nil {
		return 0, err
	}
	if err := arena.Compile(dir); err != nil {
		return 0, err
	}
	if pool, err = arena.NewPool(dir, runtime.NumCPU()); err != nil {
		return 0, err
	}
	defer func() {
		if closed := pool.Close(); err == nil {
			err = closed
		}
	}()
	return run(), nil
}

// job makes a Job of a function with an argument of its own type.
func job[A, R any](f func(*arena.Worker, A) (R, error)) arena.Job {
	return func(w *arena.Worker, arg json.RawMessage) (any, error) {
		var a A
		if err := json.Unmarshal(arg, &a); err != nil {
			return nil, err
		}
		return f(w, a)
	}
}

func needArena(t *testing.T) {
	t.Helper()
	if pool == nil {
		t.Skip("needs root: a launch makes namespaces and mounts")
	}
}

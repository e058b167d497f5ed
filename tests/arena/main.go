//go:build amd64

package arena

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"

	"casemate/tests/lab"
)

// Main is a TestMain: it builds what is tested, starts a worker for each processor, and runs
// the tests. In a worker it does jobs. Without root there is no pool, and the tests skip.
func Main(run func() int, pool **Pool, jobs map[string]Job) {
	worked(jobs)
	code, err := withPool(run, pool)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

func withPool(run func() int, pool **Pool) (code int, err error) {
	if os.Geteuid() != 0 {
		return run(), nil
	}
	dir, err := os.MkdirTemp("", "casemate-arena-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := lab.Binaries(dir); err != nil {
		return 0, err
	}
	if err := compile(dir); err != nil {
		return 0, err
	}
	if *pool, err = newPool(dir, runtime.NumCPU()); err != nil {
		return 0, err
	}
	defer func() {
		if closed := (*pool).close(); err == nil {
			err = closed
		}
	}()
	return run(), nil
}

// JobOf makes a Job of a function with an argument and a result of its own types.
func JobOf[A, R any](f func(*Worker, A) (R, error)) Job {
	return func(w *Worker, arg json.RawMessage) (any, error) {
		var a A
		if err := json.Unmarshal(arg, &a); err != nil {
			return nil, err
		}
		return f(w, a)
	}
}

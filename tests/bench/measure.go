package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"time"

	"casemate/tests/lab"
)

// sample is one run: wall time from before the fork to after the wait, and the
// processor time of all processes that were waited for.
type sample struct{ wall, cpu time.Duration }

// pin ties this thread, and so every process started from it, to one processor: the
// one given, or the last allowed one, which serves the fewest interrupts.
func pin(cpu int) (int, error) {
	runtime.LockOSThread()
	if cpu < 0 {
		all, err := lab.Processors()
		if err != nil {
			return 0, err
		}
		cpu = all[len(all)-1]
	}
	return cpu, lab.Pin(cpu)
}

// warmUp runs each tool twice, unmeasured. One that fails is left out, with its last words.
func warmUp(all []*tool) (run []*tool, failed []string) {
	for _, t := range all {
		if err := t.check(); err != nil {
			failed = append(failed, fmt.Sprintf("%s: %v", t.name, err))
			continue
		}
		run = append(run, t)
	}
	return run, failed
}

// check runs the tool with its output kept.
func (t *tool) check() error {
	f, err := os.CreateTemp("", "casemate-bench-")
	if err != nil {
		return err
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return err
	}
	for range 2 {
		if _, err = t.once(f); err != nil {
			break
		}
	}
	if err == nil {
		return nil
	}
	text := make([]byte, 400)
	n, _ := f.ReadAt(text, 0) // the words are a courtesy
	return fmt.Errorf("%w: %s", err, bytes.ReplaceAll(bytes.TrimSpace(text[:n]), []byte("\n"), []byte("; ")))
}

// measure runs the tools n times, in a new random order each time: what disturbs the
// machine for a while then disturbs all of them.
func measure(ctx context.Context, all []*tool, n int) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		panic(err) // without it nothing on this machine works
	}
	defer null.Close()
	order := append([]*tool(nil), all...)
	for range n {
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, t := range order {
			if ctx.Err() != nil {
				return
			}
			if s, err := t.once(null); err != nil {
				t.failures++
			} else {
				t.runs = append(t.runs, s)
			}
		}
	}
}

// once launches the tool and waits for it.
func (t *tool) once(out *os.File) (sample, error) {
	files := []*os.File{out, out, out} // crun does not run without a standard input
	if t.file != "" {
		f, err := os.Open(t.file)
		if err != nil {
			return sample{}, err
		}
		defer f.Close()
		files = append(files, f)
	}
	start := time.Now()
	p, err := os.StartProcess(t.path, t.args, &os.ProcAttr{Files: files, Env: []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}})
	if err != nil {
		return sample{}, err
	}
	state, err := p.Wait()
	wall := time.Since(start)
	if err == nil && !state.Success() {
		err = fmt.Errorf("%s", state)
	}
	return sample{wall, state.UserTime() + state.SystemTime()}, err
}

// Command bench-filter measures what a seccomp filter costs: to install, and for each
// call that is allowed whatever its arguments, allowed by its arguments, or denied.
// No filter, our compiler's and libseccomp's are run in one go, interleaved in random
// order and pinned to one processor. It prints and asserts nothing.
//
// It needs musl-gcc. It imports the rooms that compile a policy, for the programs.
package main

import (
	_ "embed" // loop.c
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"casemate/policy/compile"
	"casemate/policy/filter"
	"casemate/policy/seccomp"
	"casemate/tests/lab"
)

//go:embed loop.c
var loopSource []byte

func main() {
	rounds := flag.Int("n", 60, "runs of each program")
	count := flag.Int("calls", 200_000, "calls of each kind in a run")
	flag.Parse()
	if err := bench(flag.Args(), *rounds, *count); err != nil {
		fmt.Fprintln(os.Stderr, "bench-filter:", err)
		os.Exit(1)
	}
}

func bench(policies []string, rounds, count int) error {
	dir, err := os.MkdirTemp("", "casemate-benchfilter-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	loop, err := build(dir)
	if err != nil {
		return err
	}
	all, err := subjects(policies, dir)
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	cpus, err := lab.Processors()
	if err != nil {
		return err
	}
	if err := lab.Pin(cpus[len(cpus)-1]); err != nil {
		return err
	}
	if err := measure(loop, all, rounds, count); err != nil {
		return err
	}
	printTable(os.Stdout, all, rounds, count)
	return nil
}

// build compiles the loop that is measured.
func build(dir string) (string, error) {
	loop := filepath.Join(dir, "loop")
	return loop, lab.CompileC(loopSource, loop)
}

// subjects are no filter, and the programs of each policy.
func subjects(policies []string, dir string) ([]*subject, error) {
	all := []*subject{{name: "no filter", file: "-"}}
	for _, path := range policies {
		more, err := programs(path, dir)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// programs compiles a policy's filters by every compiler there is.
func programs(path, dir string) ([]*subject, error) {
	arch, err := filter.ParseArch(runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	r, err := compile.Compile(path, compile.Options{})
	if err != nil {
		return nil, err
	}
	list, err := seccomp.Compile(arch, measurable(r.Rules))
	if err != nil {
		return nil, err
	}
	var all []*subject
	for i, p := range list {
		file := filepath.Join(dir, fmt.Sprintf("%s.%d", filepath.Base(path), i))
		if err := os.WriteFile(file, p.Bytes, 0o600); err != nil {
			return nil, err
		}
		all = append(all, &subject{name: filepath.Base(path) + ", " + p.By, file: file, length: p.Instructions()})
	}
	return all, nil
}

// measurable adds to a policy's rules what loop.c itself needs or measures, and takes
// away what must be denied.
func measurable(r filter.Rules) filter.Rules {
	for _, name := range []string{"getppid", "clock_gettime", "write", "fstat", "newfstatat", "brk", "mmap", "exit_group"} {
		if _, ok := r.Allow[name]; !ok {
			r.Allow[name] = filter.Rule{At: "benchmark"}
		}
	}
	if r.Allow["ioctl"].When == nil {
		e, err := filter.ParseExpr("ioctl", "cmd not in {TIOCSTI, TIOCLINUX}")
		if err != nil {
			panic(err)
		}
		r.Allow["ioctl"] = filter.Rule{When: e, At: "benchmark"}
	}
	delete(r.Allow, "personality")
	return r
}

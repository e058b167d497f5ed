// Command bench-init measures what an init costs: casemate-init beside Debian's tini,
// dumb-init and catatonit and a C floor (floor.c), each as PID 1 of a PID namespace of
// its own, in one run, interleaved in random order. The harness and the workload are
// pinned to one processor, init to another, so that the ratios hold on a noisy machine.
// It prints figures, ratios to tini and whether the budgets hold, and asserts nothing.
//
//	inits.go     who is measured, and who is left out and why
//	instance.go  an init under way: its workload's pipes, its processor time
//	measure.go   the measurements      rounds.go  in which order
//	figures.go   the rows and budgets  table.go   the print
//
// It needs root, two processors and musl-gcc.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"

	"casemate/tests/lab"

	"golang.org/x/sys/unix"
)

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 40, "rounds; each measures every init once")
	flag.IntVar(&o.bulk, "bulk", 50000, "orphans of each init in batches of 200, over all rounds")
	flag.IntVar(&o.single, "single", 20000, "orphans of each init one by one, over all rounds")
	flag.IntVar(&o.signals, "signals", 80000, "signals to each init, over all rounds")
	flag.IntVar(&o.starts, "starts", 400, "starts of each init, over all rounds")
	flag.StringVar(&o.init, "init", "bin/casemate-init", "the init to measure")
	only := flag.String("only", "", "measure only the inits whose names hold one of these words, separated by commas")
	flag.Parse()
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	if err := bench(ctx, o); err != nil {
		fmt.Fprintf(os.Stderr, "bench-init: %s\n", err)
		os.Exit(1)
	}
}

// options are the size of a run.
type options struct {
	rounds, bulk, single, signals, starts int

	init string
	only []string
}

func (o options) valid() error {
	if o.rounds < 1 {
		return fmt.Errorf("%d rounds", o.rounds)
	}
	for _, n := range []int{o.bulk, o.single, o.signals, o.starts} {
		if n/o.rounds < 1 {
			return fmt.Errorf("%d in %d rounds is less than one each", n, o.rounds)
		}
	}
	return nil
}

func bench(ctx context.Context, o options) error {
	if err := o.valid(); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return errors.New("PID namespaces need root")
	}
	l, err := newBench()
	if err != nil {
		return err
	}
	defer os.RemoveAll(l.dir)
	run, left := inits(l.dir, o)
	run, failed := l.warmUp(run)
	l.measure(ctx, run, o)
	fmt.Printf("inits as PID 1; harness and workload on processor %d, init on %d; %d rounds in random order\n", l.outside, l.inside, o.rounds)
	fmt.Printf("medians of the rounds; each init: %d orphans in batches of %d, %d one by one, %d signals, %d starts\n\n", o.bulk, batchSize, o.single, o.signals, o.starts)
	printTable(os.Stdout, run)
	for _, line := range append(left, failed...) {
		fmt.Printf("left out: %s\n", line)
	}
	return nil
}

// laboratory is what the measurements need. Its methods are called on one thread. A
// measurement that waits longer than patience for its workload has failed.
type laboratory struct {
	dir             string
	work            string // the compiled work.c
	outside, inside int    // processors
	patience        time.Duration
}

// newBench compiles the helpers and pins this thread. The directory is removed by the caller.
func newBench() (*laboratory, error) {
	runtime.LockOSThread()
	cpus, err := lab.Processors()
	if err != nil {
		return nil, err
	}
	if len(cpus) < 2 {
		return nil, errors.New("two processors are needed, one for init and one for the rest")
	}
	dir, err := os.MkdirTemp("", "casemate-bench-init-")
	if err != nil {
		return nil, err
	}
	l := &laboratory{dir: dir, work: dir + "/work", outside: cpus[0], inside: cpus[len(cpus)-1], patience: time.Minute}
	if err := errors.Join(lab.CompileC(workSource, l.work), lab.CompileC(floorSource, dir+"/floor"), lab.Pin(l.outside)); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return l, nil
}

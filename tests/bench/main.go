// Command bench measures what one launch of a static `true` costs: spawned bare, by
// the C floor (floor.c), by casemate-shim, and by the peers that are installed, all
// in one run, interleaved in random order and pinned to one processor, so that the
// ratios hold on a noisy machine. It prints and asserts nothing.
//
//	build.go    the floor, the root, the filter, the sealed policy
//	tool.go     who is measured, and who is left out and why
//	measure.go  the runs       table.go  the figures
//
// It needs root and musl-gcc. It imports nothing of ours: it runs the binaries that
// were built.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/sys/unix"
)

func main() {
	var o options
	flag.IntVar(&o.runs, "n", 250, "runs of each tool")
	flag.StringVar(&o.bin, "bin", "bin", "directory of casemate, casemate-shim and casemate-init")
	flag.IntVar(&o.cpu, "cpu", -1, "processor to pin to (default: the last allowed one)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	if err := bench(ctx, o); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %s\n", err)
		os.Exit(1)
	}
}

type options struct {
	runs int
	bin  string
	cpu  int
}

func bench(ctx context.Context, o options) (err error) {
	if os.Geteuid() != 0 {
		return errors.New("namespaces and mounts need root")
	}
	dir, err := os.MkdirTemp("", "casemate-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove(dir)) }()
	k, err := build(dir, o.bin)
	if err != nil {
		return err
	}
	if k.state, err = os.MkdirTemp(memory(), "casemate-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove(k.state)) }()
	cpu, err := pin(o.cpu)
	if err != nil {
		return err
	}
	run, left := tools(k)
	run, failed := warmUp(run)
	measure(ctx, run, o.runs)
	fmt.Printf("one launch of a static true, run to completion; %d runs each, interleaved, on processor %d\n", o.runs, cpu)
	fmt.Printf("filter: %s\n\n", k.filterNote)
	printTable(os.Stdout, run)
	for _, line := range append(left, failed...) {
		fmt.Printf("left out: %s\n", line)
	}
	return nil
}

// memory is a directory in memory, as /run is on every system that the tools are made
// for: with their state on a disk, making its directory would be a tenth of a launch.
func memory() string {
	for _, dir := range []string{"/run", "/dev/shm"} {
		var st unix.Statfs_t
		if err := unix.Statfs(dir, &st); err == nil && st.Type == unix.TMPFS_MAGIC {
			return dir
		}
	}
	return ""
}

// remove deletes the bench's directory, unless something is still mounted in it:
// deleting would then go on through the mount.
func remove(dir string) error {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	if strings.Contains(string(mounts), dir) {
		return fmt.Errorf("a tool has left a mount in %s: nothing is removed", dir)
	}
	return os.RemoveAll(dir)
}

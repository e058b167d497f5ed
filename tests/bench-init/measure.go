package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"casemate/tests/lab"
)

// batchSize is the number of orphans that end together in bulk.
const batchSize = 200

func micro(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// reap is the processor time of init for each of count orphans. The workload waits until all
// of them are reaped before it says so.
func (l *laboratory) reap(s *subject, count, batch int) (float64, error) {
	i, err := l.start(s, "orphans", strconv.Itoa(l.outside))
	if err != nil {
		return 0, err
	}
	defer i.stop()
	if err := i.orphans(batch, batch); err != nil { // init is up, and its first look is over
		return 0, err
	}
	before, err := i.cpu()
	if err != nil {
		return 0, err
	}
	if err := i.orphans(count, batch); err != nil {
		return 0, err
	}
	after, err := i.cpu()
	return micro(after-before) / float64(count), err
}

func (i *instance) orphans(count, batch int) error {
	if _, err := fmt.Fprintln(i.in, count, batch); err != nil {
		return err
	}
	return i.expect("done\n")
}

// signals are the times that count signals take to a handler in the workload and back,
// in microseconds, and the processor time of init for each.
func (l *laboratory) signals(s *subject, count int) (took []float64, cpu float64, err error) {
	i, err := l.start(s, "echo", strconv.Itoa(l.outside))
	if err != nil {
		return nil, 0, err
	}
	defer i.stop()
	if err := i.expect("\x00"); err != nil { // the handler is there
		return nil, 0, err
	}
	if _, err := l.send(i, 100); err != nil {
		return nil, 0, err
	}
	before, err := i.cpu()
	if err != nil {
		return nil, 0, err
	}
	if took, err = l.send(i, count); err != nil {
		return nil, 0, err
	}
	after, err := i.cpu()
	return took, micro(after-before) / float64(count), err
}

// send runs the sender, which ends with the last byte of the workload or with init.
func (l *laboratory) send(i *instance, count int) ([]float64, error) {
	cmd := exec.Command(l.work, "send", strconv.Itoa(i.cmd.Process.Pid), strconv.Itoa(count))
	cmd.Stdin = i.out
	late := time.AfterFunc(l.patience, func() { i.cmd.Process.Kill() })
	out, err := cmd.Output()
	late.Stop()
	if err != nil || len(out) != 4*count {
		return nil, fmt.Errorf("the sender: %v; %d of %d samples", err, len(out)/4, count)
	}
	took := make([]float64, count)
	for n := range took {
		took[n] = float64(binary.NativeEndian.Uint32(out[4*n:])) / 1000
	}
	return took, nil
}

// exec is the time from just before init's execve to the first instruction of the workload's
// main, in microseconds. The workload is PID 1's child; the program that takes the first
// time becomes init.
func (l *laboratory) exec(s *subject) (float64, error) {
	argv := append([]string{"work", "start", s.path}, s.args...)
	i, err := l.spawn(s, l.work, append(argv, l.work, "stamp", "@"))
	if err != nil {
		return 0, err
	}
	defer i.stop()
	if err := i.in.Close(); err != nil {
		return 0, err
	}
	text, err := io.ReadAll(i.out)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the workload says %q: %s", text, i.complain.String())
	}
	return micro(time.Duration(n)), nil
}

// rest looks at an init that has nothing to do: its memory in KiB and its threads.
func (l *laboratory) rest(s *subject) (map[figure]float64, error) {
	i, err := l.start(s, "echo", strconv.Itoa(l.outside))
	if err != nil {
		return nil, err
	}
	defer i.stop()
	if err := i.expect("\x00"); err != nil {
		return nil, err
	}
	// A shell would be at rest at once; an init that ends threads of its own needs a moment.
	time.Sleep(50 * time.Millisecond)
	found := map[figure]float64{}
	for row, at := range map[figure][2]string{
		resident:     {"smaps_rollup", "Rss"},
		proportional: {"smaps_rollup", "Pss"},
		anonymous:    {"smaps_rollup", "Anonymous"},
		threads:      {"status", "Threads"},
	} {
		if found[row], err = i.field(at[0], at[1]); err != nil {
			return nil, err
		}
	}
	found[programSize], err = s.size()
	return found, err
}

// several takes the median of n starts.
func (l *laboratory) several(s *subject, n int) (float64, error) {
	var all []float64
	for range n {
		v, err := l.exec(s)
		if err != nil {
			return 0, err
		}
		all = append(all, v)
	}
	return lab.Quantile(all, 0.5), nil
}

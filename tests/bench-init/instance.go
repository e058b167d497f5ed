package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"casemate/tests/lab"

	"golang.org/x/sys/unix"
)

// instance is an init under way, with a workload of work.c.
type instance struct {
	cmd      *exec.Cmd
	in, out  *os.File // our ends of the workload's standard input and output
	complain bytes.Buffer
}

// start runs an init with a workload, on init's processor.
func (l *laboratory) start(s *subject, workload ...string) (*instance, error) {
	return l.spawn(s, s.path, append(append([]string{s.name}, s.args...), append([]string{l.work}, workload...)...))
}

// spawn starts a program as PID 1 of a new PID namespace.
func (l *laboratory) spawn(s *subject, path string, argv []string) (*instance, error) {
	i := &instance{}
	theirIn, ourIn, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirIn.Close()
	ourOut, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, ourIn.Close())
	}
	defer theirOut.Close()
	i.in, i.out = ourIn, ourOut
	i.cmd = &exec.Cmd{Path: path, Args: argv, Stdin: theirIn, Stdout: theirOut, Stderr: &i.complain}
	i.cmd.Env = append([]string{"PATH=/usr/bin:/bin"}, s.env...)
	i.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	if err = lab.Pin(l.inside); err == nil {
		err = errors.Join(i.cmd.Start(), lab.Pin(l.outside))
	}
	if err != nil {
		return nil, errors.Join(err, ourIn.Close(), ourOut.Close())
	}
	return i, ourOut.SetReadDeadline(time.Now().Add(l.patience))
}

// stop ends it, with all that it has started.
func (i *instance) stop() {
	i.cmd.Process.Kill()
	i.cmd.Wait()
	i.in.Close()
	i.out.Close()
}

// expect reads what the workload says next.
func (i *instance) expect(text string) error {
	b := make([]byte, len(text))
	if n, err := io.ReadFull(i.out, b); err != nil || string(b) != text {
		return fmt.Errorf("the workload says %q, want %q: %v %s", b[:n], text, err, i.complain.String())
	}
	return nil
}

// cpu is the processor time of init, of all its threads, those that have ended too
// (clock_getcpuclockid(3)). The workload's is not in it.
func (i *instance) cpu() (time.Duration, error) {
	const schedClock = 2 // CPUCLOCK_SCHED of the kernel, in a clock number made from a pid
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^i.cmd.Process.Pid)<<3|schedClock, &t); err != nil {
		return 0, fmt.Errorf("clock of %d: %w", i.cmd.Process.Pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// field is a number behind a key in a file of init's /proc directory.
func (i *instance) field(file, key string) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", i.cmd.Process.Pid, file))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			return strconv.ParseFloat(strings.Fields(value)[0], 64)
		}
	}
	return 0, fmt.Errorf("%s lacks %s", file, key)
}

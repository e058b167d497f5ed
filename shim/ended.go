package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"casemate/internal/exit"
	"casemate/internal/prepare"
	"casemate/internal/verify"
	"casemate/shim/supervise"

	"golang.org/x/sys/unix"
)

// end keeps the record of how the launch has ended, before what it is made of is removed:
// what the kernel has counted in the cgroup, and the receipt. Whoever asks later why a
// service is not there finds it under its name. A launch that got no state directory has
// left nothing to ask for, and its service may be another shim's.
func (l *launched) end(code int, err error) {
	if l.state == nil {
		return
	}
	l.closeSlots() // a launch may have failed for want of descriptors
	e := &verify.Ended{Status: code, At: time.Now().UTC()}
	if !l.released.IsZero() {
		e.RanMS = time.Since(l.released).Milliseconds()
	}
	e.Memory = l.memory()
	l.because(e, err)
	receipt, err := l.state.Read(prepare.Receipt) // without one that can be read, the record says less
	err = errors.Join(err, l.state.KeepEnd(record(receipt, l.receipt(verify.Result{Checks: []verify.Check{}}), e)))
	if err != nil { // which does not change how the launch ends
		supervise.Say("the record of the end: %s", err)
	}
}

// because says why.
func (l *launched) because(e *verify.Ended, err error) {
	var aborted supervise.Aborted
	switch {
	case errors.As(err, &aborted):
		e.Cause, e.Signal, e.Status = verify.Aborted, supervise.SignalName(unix.Signal(aborted)), exit.Signalled+int(aborted)
	case err != nil:
		e.Status = exit.CodeOf(exit.Wrap(exit.Step, err))
		e.Cause, e.Error = causes[e.Status], clip(err.Error())
	default:
		e.Cause = l.ending(e)
	}
}

// causes of errors, by their codes.
var causes = map[int]verify.Cause{
	exit.Usage: verify.Failed, exit.Lacking: verify.Lacking, exit.Step: verify.Failed, exit.Unlike: verify.Unverified, exit.Bug: verify.Bug,
}

// ending is the cause of an end that was supervised. A SIGKILL may be anybody's: only
// together with a kill that the kernel has counted, and when nobody had asked for an end,
// after whose grace init kills, is it called the kernel's.
func (l *launched) ending(e *verify.Ended) verify.Cause {
	end := l.proc.Ending()
	e.Stopped = end.Stopped
	if end.Signal != 0 {
		e.Signal = supervise.SignalName(end.Signal)
	}
	switch {
	case end.Stuck:
		return verify.Stuck
	case end.NoExec:
		return verify.NoExec
	case end.Signal == unix.SIGKILL && !end.Stopped && e.Memory != nil && e.Memory.Kills > 0:
		return verify.OOM
	case end.Init:
		return verify.Killed
	case end.Signal != 0:
		return verify.Signal
	}
	return verify.Exit
}

// memory asks the group, and says when the kernel has killed for want of memory.
func (l *launched) memory() *verify.Memory {
	if l.group == nil {
		return nil
	}
	m, err := l.group.Memory()
	switch {
	case err != nil:
		supervise.Say("was memory short? %s", err)
		return nil
	case m != nil && m.Kills > 0:
		supervise.Say("out of memory: the kernel killed %d of the processes of %s%s", m.Kills, l.plan.Service, l.memoryLimits())
	}
	return (*verify.Memory)(m)
}

// memoryLimits are those of the policy, with their lines.
func (l *launched) memoryLimits() string {
	var all []string
	for _, f := range l.plan.Cgroup.Files {
		if f.Name == "memory.max" || f.Name == "memory.swap.max" {
			all = append(all, fmt.Sprintf("%s = %s%s", f.Name, f.Value, place(f.At)))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "; " + strings.Join(all, ", ")
}

// lost is the record of a launch whose shim was killed.
func lost(service string, left prepare.Left) []byte {
	e := &verify.Ended{Cause: verify.Lost, At: time.Now().UTC(), Memory: (*verify.Memory)(left.Memory)}
	return record(left.Receipt, &verify.Receipt{Version: verify.ReceiptVersion, Service: service, Shim: version, Checks: []verify.Check{}}, e)
}

// record completes the receipt of a launch, or, where there is none of use, another.
func record(receipt []byte, other *verify.Receipt, e *verify.Ended) []byte {
	if b := e.Complete(receipt); b != nil {
		return b
	}
	other.Ended = e
	return other.Encode()
}

// longest bounds what is kept of an error.
const longest = 2048

func clip(s string) string {
	if len(s) > longest {
		return strings.ToValidUTF8(s[:longest], "") + "…"
	}
	return s
}

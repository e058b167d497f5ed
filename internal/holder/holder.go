// Package holder makes the namespaces of a plan that the child enters rather than makes:
// a process runs the holder's steps and waits, the parent writes its maps and offsets and
// opens its namespaces, and ends it. The descriptors keep the namespaces alive.
//
// All of it happens before the clone of the child, and nothing of the process is left when
// Make returns. It imports child, exit, plan, prepare, render and x/sys/unix.
package holder

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"casemate/internal/child"
	"casemate/internal/exit"
	"casemate/internal/plan"
	"casemate/internal/prepare"
	"casemate/internal/render"

	"golang.org/x/sys/unix"
)

// patience bounds the wait for the holder's steps, which take under a millisecond: a
// network namespace may wait for another one's end.
const patience = 30 * time.Second

// Make gives the descriptors of the plan's namespaces by slot; none where the plan needs no
// holder. proc is a procfs of the caller's own, which no path leads to: what is written
// through it cannot be redirected (CVE-2025-52881). The caller is on a locked thread.
func Make(p *plan.Plan, proc int) (fds map[string]int, err error) {
	if len(p.Holder.Steps) == 0 {
		return nil, nil
	}
	h, err := start(p.Holder.Steps)
	if err != nil {
		return nil, err
	}
	defer func() {
		if end := h.end(); err == nil && end != nil {
			closeAll(fds)
			fds, err = nil, end
		}
	}()
	if err := h.await(p.Holder.Steps); err != nil {
		return nil, err
	}
	dir, err := unix.Openat2(proc, strconv.Itoa(h.child.PID), &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_XDEV | unix.RESOLVE_NO_SYMLINKS,
	})
	if err != nil {
		return nil, fmt.Errorf("open /proc/PID of the namespaces' holder: %w", err)
	}
	defer unix.Close(dir)
	for _, f := range p.Holder.Files {
		if err := write(dir, f); err != nil {
			return nil, err
		}
	}
	return open(dir, p.Opens)
}

// held is a holder under way.
type held struct {
	child *child.Process
	alive int // write end of the pipe that it reads from
}

func start(steps []plan.Step) (*held, error) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("pipe2: %w", err)
	}
	defer unix.Close(pipe[0])
	r, err := render.Plan(steps, []string{plan.Alive})
	if err != nil {
		unix.Close(pipe[1])
		return nil, exit.Wrap(exit.Bug, fmt.Errorf("holder: %w", err))
	}
	r.Set(plan.Alive, pipe[0])
	c, err := r.Program.Start(child.Clone{Cgroup: -1})
	if err != nil {
		unix.Close(pipe[1])
		return nil, fmt.Errorf("clone3 of the namespaces' holder: %w", err)
	}
	return &held{c, pipe[1]}, nil
}

// await waits until all steps are done but the last, in which the holder waits: it has
// closed its report by then.
func (h *held) await(steps []plan.Step) error {
	deadline := time.Now().Add(patience)
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(h.child.Report()), Events: unix.POLLIN}}, int(max(0, time.Until(deadline).Milliseconds())))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("poll: %w", err)
		}
		if n == 0 {
			unix.Close(h.child.Report())
			return fmt.Errorf("the namespaces' holder was not ready in %s", patience)
		}
		break
	}
	err := h.child.Wait()
	var f *child.Failure
	if errors.As(err, &f) && f.Step < len(steps) {
		return failed(f, steps[f.Step])
	}
	return err
}

// failed puts a step that failed into words. What limits or forbids user namespaces is the
// host's to change, and will be the same the next time.
func failed(f *child.Failure, s plan.Step) error {
	hint := ""
	switch {
	case s.Op == plan.Unshare && (f.Errno == unix.ENOSPC || f.Errno == unix.EUSERS):
		hint = "; the host has as many as it allows (user.max_user_namespaces, user.max_net_namespaces and their like), or they are nested 33 deep"
	case s.Op == plan.Unshare && (f.Errno == unix.EPERM || f.Errno == unix.EACCES):
		hint = "; a security module of the host, or a chroot, keeps the shim from making a user namespace"
	}
	at := ""
	if s.At != "" {
		at = " (" + s.At + ")"
	}
	err := fmt.Errorf("holder step %d: %s: %w%s%s", f.Step, s, f.Errno, hint, at)
	if hint != "" {
		return exit.Wrap(exit.Lacking, err)
	}
	return err
}

// write writes one file of the holder's in the one write that the kernel takes.
func write(dir int, f plan.File) error {
	fd, err := unix.Openat2(dir, f.Name, &unix.OpenHow{
		Flags:   unix.O_WRONLY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_XDEV | unix.RESOLVE_NO_SYMLINKS,
	})
	if err != nil {
		return fmt.Errorf("open %s: %w (%s)", f.Name, err, f.At)
	}
	defer unix.Close(fd)
	n, err := unix.Write(fd, []byte(f.Value))
	switch {
	case errors.Is(err, unix.ERANGE):
		return fmt.Errorf("write %s: %w; with this offset a clock would be negative, or past the year 2116 (%s)", f.Name, err, f.At)
	case errors.Is(err, unix.EPERM) && f.Name == "timens_offsets":
		return fmt.Errorf("write %s: %w; the shim lacks CAP_SYS_TIME there, or a security module keeps it from it (local/casemate-shim of AppArmor, casemate-shim-time.cil of SELinux) (%s)", f.Name, err, f.At)
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("write %s: %w; an id is not the shim's to map: it is in a user namespace itself, or a security module forbids it (%s)", f.Name, err, f.At)
	case err != nil:
		return fmt.Errorf("write %s: %w (%s)", f.Name, err, f.At)
	case n != len(f.Value):
		return fmt.Errorf("write %s: %d of %d bytes were taken (%s)", f.Name, n, len(f.Value), f.At)
	}
	return nil
}

// open opens the namespaces. Their names are magic links, of a process that is a child of
// ours and not reaped yet: the number cannot be another's.
func open(dir int, opens []plan.Open) (map[string]int, error) {
	fds := map[string]int{}
	for _, o := range opens {
		if o.Kind != plan.Namespace {
			continue
		}
		fd, err := unix.Openat(dir, "ns/"+o.Path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			fd, err = prepare.High(fd)
		}
		if err != nil {
			closeAll(fds)
			return nil, fmt.Errorf("open namespace %s: %w (%s)", o.Path, err, o.At)
		}
		fds[o.Slot] = fd
	}
	return fds, nil
}

// end ends the holder, whatever it is doing, and reaps it.
func (h *held) end() error {
	defer unix.Close(h.child.PIDFD)
	unix.Close(h.alive) // of which it ends too
	if err := unix.PidfdSendSignal(h.child.PIDFD, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("end the namespaces' holder: %w", err)
	}
	for {
		_, err := unix.Wait4(h.child.PID, nil, 0, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("wait for the namespaces' holder: %w", err)
		}
		return nil
	}
}

func closeAll(fds map[string]int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

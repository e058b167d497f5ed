package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"casemate/internal/gate"

	"golang.org/x/sys/unix"
)

func init() { probeInject = injector }

// injector lets a process make a system call in place of the one that it waits in, as code
// would that has got hold of it, and prints what the call has answered, or how the process
// has died: PID NUMBER ARG ARG. It is a process of its own because the one that started
// the other waits for it, and so would take the stops.
func injector(args []string) {
	runtime.LockOSThread()
	var n [4]uint64
	for i := range n {
		n[i], _ = strconv.ParseUint(args[i], 10, 64)
	}
	pid := int(n[0])
	var r syscall.PtraceRegs
	stop := func(err error) bool {
		var status syscall.WaitStatus
		if err == nil {
			_, err = syscall.Wait4(pid, &status, syscall.WALL, nil)
		}
		if err == nil && !status.Stopped() {
			fmt.Println("ended by", int(status.Signal()))
		} else if err != nil {
			fmt.Println(err)
		}
		return err == nil && status.Stopped()
	}
	if !stop(errors.Join(unix.PtraceSeize(pid), unix.PtraceInterrupt(pid))) {
		return
	}
	err := syscall.PtraceGetRegs(pid, &r)
	r.Rip -= 2 // onto the SYSCALL
	r.Orig_rax = ^uint64(0)
	r.Rax, r.Rdi, r.Rsi = n[1], n[2], n[3]
	if !stop(errors.Join(err, syscall.PtraceSetRegs(pid, &r), syscall.PtraceSyscall(pid, 0))) ||
		!stop(syscall.PtraceSyscall(pid, 0)) {
		return
	}
	// A filter that kills does it on the way back, after this last stop.
	err = errors.Join(syscall.PtraceGetRegs(pid, &r), syscall.PtraceCont(pid, 0))
	var status syscall.WaitStatus
	for range 100 {
		if ended, _ := syscall.Wait4(pid, &status, syscall.WALL|syscall.WNOHANG, nil); ended == pid && status.Signaled() {
			fmt.Println("ended by", int(status.Signal()))
			return
		}
		time.Sleep(time.Millisecond)
	}
	fmt.Println(int64(r.Rax), err)
	syscall.Kill(pid, syscall.SIGKILL)
}

func inject(t *testing.T, i *instance, call ...uint64) string {
	t.Helper()
	args := []string{"probe", "inject", strconv.Itoa(i.pid)}
	for _, n := range call {
		args = append(args, strconv.FormatUint(n, 10))
	}
	out, err := exec.Command(self, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// What a sealed init must not call ends it, and what the loop needs is answered.
func TestSealHolds(t *testing.T) {
	sealedInit := func() *instance {
		i := ordered(t, shell("echo up; exec sleep 1000"))
		i.expect(t, gate.Started)
		i.until(t, "up")
		i.settlesToOneThread(t)
		return i
	}
	for name, nr := range map[string]uint64{
		"execve": unix.SYS_EXECVE, "openat": unix.SYS_OPENAT, "mmap": unix.SYS_MMAP, "mprotect": unix.SYS_MPROTECT, "clone": unix.SYS_CLONE,
		"socket": unix.SYS_SOCKET, "ptrace": unix.SYS_PTRACE, "prctl": unix.SYS_PRCTL, "setuid": unix.SYS_SETUID, "seccomp": unix.SYS_SECCOMP,
		"read": unix.SYS_READ, "getppid": unix.SYS_GETPPID, "none": 1 << 20, "x32 kill": 1<<30 | unix.SYS_KILL,
	} {
		i := sealedInit()
		if got := inject(t, i, nr, 0, 0); got != "ended by 31" {
			t.Errorf("%s: %s", name, got)
		}
		i.ends(t, -1)
	}
	for name, c := range map[string]struct {
		nr, a, b uint64
		want     string
	}{"getpid": {unix.SYS_GETPID, 0, 0, "1 <nil>"}, "kill": {unix.SYS_KILL, 1 << 20, 0, "-3 <nil>"}} { // ESRCH
		if got := inject(t, sealedInit(), c.nr, c.a, c.b); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	// The same injection into a process without a filter is answered.
	i := begin(t, exec.Command("/bin/sleep", "1000"))
	time.Sleep(50 * time.Millisecond) // it is in its sleep
	if got, want := inject(t, i, unix.SYS_GETUID, 0, 0), fmt.Sprint(os.Getuid(), " <nil>"); got != want {
		t.Errorf("without a filter: %s", got)
	}
}

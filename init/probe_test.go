package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// The probe needs the main thread for itself.
func init() { runtime.LockOSThread() }

// probeInject is for one architecture only.
var probeInject func(args []string)

// probe is the workload, or what stands between the test and init. It does not return.
func probe(args []string) {
	switch args[0] {
	case "signals":
		probeSignals(args[1:])
	case "storm":
		probeStorm(args[1:])
	case "flood":
		probeFlood(args[1:])
	case "orphans":
		probeOrphans(args[1:])
	case "reaper":
		unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
		fmt.Println(syscall.Exec(args[1], args[2:], os.Environ()))
	case "die":
		n, _ := strconv.Atoi(args[1])
		syscall.Setrlimit(syscall.RLIMIT_CORE, new(syscall.Rlimit))
		dispose(syscall.Signal(n), 0)
		syscall.Kill(os.Getpid(), syscall.Signal(n))
		os.Exit(99)
	case "environ":
		fmt.Println(syscall.Exec(args[1], args[1:], oddEnv))
	case "enter":
		probeEnter(args[1:])
	case "parent":
		probeParent(args[1:])
	case "inject":
		probeInject(args[1:])
	case "fill":
		probeFill(args[1:])
	case "become":
		id, _ := strconv.Atoi(args[1])
		fmt.Println(syscall.Setuid(id), syscall.Exec(args[2], args[2:], os.Environ()))
	case "puppet":
		probePuppet(args[1:])
	case "batch":
		probeBatch(args[1] == "all")
	case "peek":
		probePeek()
	default:
		fmt.Println("probe: unknown", args)
		os.Exit(99)
	}
	os.Exit(0)
}

// oddEnv is an environment with a duplicate, with strings that are no variables, and with what
// init itself is started by.
var oddEnv = []string{"A=1", "A=2", "no-equals", "=", "NEWLINE=a\nb", "", "GOMAXPROCS=3"}

// probeSignals prints every signal that reaches it, and first starts a program.
func probeSignals(args []string) {
	if err := sys.CatchAll(); err != nil {
		fmt.Println(err)
		os.Exit(99)
	}
	if len(args) > 0 {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Stdout = os.Stdout
		if err := cmd.Start(); err != nil {
			fmt.Println(err)
		}
	}
	b, self := make([]byte, 0, 64), int32(os.Getpid())
	var info sys.Siginfo
	sys.Pin()
	for limit := int64(firstLook); limit < lastLook && !sys.EndOtherThreads(); limit *= 2 {
		sys.RtSigtimedwait(0, &info, limit)
	}
	for sys.RtSigtimedwait(sys.OthersSignal, &info, 1) == 0 {
	}
	sys.Write(1, []byte("ready\n"))
	for {
		if sys.RtSigtimedwait(sys.AllSignals, &info, 0) != 0 || (machine{self: self}).own(event{signal: info.Signo, code: info.Code, pid: info.PID}) {
			continue
		}
		b = strconv.AppendInt(b[:0], int64(info.Signo), 10)
		b = append(b, '\n')
		sys.Write(1, b)
	}
}

// probeStorm sends every signal to PID 1, the faults and KILL and STOP among them, by
// kill(2) and with forged siginfo, and then says so.
func probeStorm(args []string) {
	rounds, _ := strconv.Atoi(args[0])
	signal.Ignore() // nothing that comes back ends the probe
	for range rounds {
		for n := syscall.Signal(1); n <= 64; n++ {
			syscall.Kill(1, n)
			forge(1, n)
		}
	}
	fmt.Println("sent")
}

// forge sends a signal that claims to be queued by PID 1 itself.
func forge(pid int, n syscall.Signal) {
	info := [128]byte{0: byte(n), 8: 0xff, 9: 0xff, 10: 0xff, 11: 0xff, 16: 1} // SI_QUEUE, si_pid 1
	sigqueue(pid, n, &info)
}

// probeFlood sends one signal many times to PID 1.
func probeFlood(args []string) {
	count, _ := strconv.Atoi(args[0])
	n, _ := strconv.Atoi(args[1])
	for range count {
		if err := syscall.Kill(1, syscall.Signal(n)); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("sent")
}

// probeOrphans makes orphans: children of children that have ended.
func probeOrphans(args []string) {
	count, _ := strconv.Atoi(args[0])
	for ; count > 0; count -= 200 {
		// Each $(:) is a child of the subshell in the background, which the shell does not wait for.
		cmd := exec.Command("/bin/sh", "-c", "i=0; while [ $i -lt "+strconv.Itoa(min(count, 200))+" ]; do (:& :&); i=$((i+2)); done")
		if err := cmd.Run(); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("done")
}

// probeEnter mounts a proc of the new PID namespace and becomes another program:
// enter [uid=N] [signals=IGNORED/BLOCKED] PROGRAM ARGV...
func probeEnter(args []string) {
	for _, err := range []error{
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount("proc", "/proc", "proc", 0, ""),
	} {
		if err != nil {
			fmt.Println(err)
			os.Exit(99)
		}
	}
	for ; ; args = args[1:] {
		if id, ok := strings.CutPrefix(args[0], "uid="); ok {
			n, _ := strconv.Atoi(id)
			unix.Setgroups(nil)
			syscall.Setresgid(n, n, n)
			syscall.Setresuid(n, n, n)
		} else if masks, ok := strings.CutPrefix(args[0], "signals="); ok {
			var ignored, blocked uint64
			fmt.Sscanf(masks, "%x/%x", &ignored, &blocked)
			inheritable(ignored, blocked)
		} else {
			break
		}
	}
	fmt.Println(syscall.Exec(args[0], args[1:], os.Environ()))
	os.Exit(99)
}

// inheritable ignores and blocks signals, which survives an exec.
func inheritable(ignored, blocked uint64) {
	for n := 1; n <= 64; n++ {
		dispose(syscall.Signal(n), ignored>>(n-1)&1)
	}
	sys.RtSigprocmask(sys.Sigset(blocked))
}

// probeParent runs a program as a child and exits with its status: it is then not PID 1.
func probeParent(args []string) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Run()
	os.Exit(cmd.ProcessState.ExitCode())
}

// probePeek tries to look into PID 1 and prints what it could do.
func probePeek() {
	for _, path := range []string{"/proc/1/fd", "/proc/1/map_files", "/proc/1/task/1/fd"} {
		if entries, err := os.ReadDir(path); err == nil {
			fmt.Println("read", path, entries)
		}
	}
	for _, path := range []string{"/proc/1/mem", "/proc/1/environ", "/proc/1/maps"} {
		if f, err := os.Open(path); err == nil {
			fmt.Println("opened", path)
			f.Close()
		}
	}
	for _, path := range []string{"/proc/1/exe", "/proc/1/cwd", "/proc/1/root"} {
		if target, err := os.Readlink(path); err == nil {
			fmt.Println("read", path, target)
		}
	}
	if err := syscall.PtraceAttach(1); err == nil {
		fmt.Println("attached to PID 1")
		syscall.Wait4(1, nil, syscall.WALL, nil)
		syscall.PtraceDetach(1)
	}
	fmt.Println("peeked")
}

// probeFill becomes another program with a full pipe, that it reads itself, for its standard error.
func probeFill(args []string) {
	var pipe [2]int
	unix.Pipe2(pipe[:], 0)
	unix.SetNonblock(pipe[1], true)
	for {
		if _, err := unix.Write(pipe[1], make([]byte, 1)); err != nil {
			break
		}
	}
	unix.SetNonblock(pipe[1], false)
	unix.Dup2(pipe[1], 2)
	unix.Close(pipe[1])
	fmt.Println(syscall.Exec(args[0], args[1:], os.Environ()))
	os.Exit(99)
}

// probeBatch has more dead children than a batch, and TERM in the middle, and prints what the
// waiter makes of it: all are to be said, or none.
func probeBatch(all bool) {
	for range batch + 2 {
		pid, err := syscall.ForkExec("/bin/true", []string{"true"}, nil)
		if err == nil {
			err = unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(99)
		}
	}
	if err := sys.CatchAll(); err != nil {
		fmt.Println(err)
		os.Exit(99)
	}
	w, m := waiter{set: sys.AllSignals}, machine{}
	unix.Tgkill(os.Getpid(), os.Getpid(), unix.SIGTERM)
	e := event{kind: reaped}
	for e.kind == reaped {
		e = w.reap(&m, all)
	}
	fmt.Println(e.kind == drained, w.more)
	for seen := map[int32]bool{}; !seen[int32(syscall.SIGTERM)] || !seen[int32(syscall.SIGCHLD)]; {
		seen[w.next().signal] = true
	}
	for w.more { // what was seen may have been of the runtime's own children
		w.next()
	}
	fmt.Println(w.reap(&m, false).kind == childless)
}

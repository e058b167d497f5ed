package seccomp

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"casemate/policy/filter"
)

// The live tests run in a child process of their own, which loads a program into
// the kernel and reports by its exit status. liveEnv says which part it plays.
const (
	liveEnv  = "CASEMATE_SECCOMP_LIVE"
	makerEnv = "CASEMATE_SECCOMP_MAKER"
)

// liveBase is what the child's Go runtime and its last words need.
func liveBase() map[string]filter.Rule {
	allow := make(map[string]filter.Rule)
	for _, name := range filter.InitSet() {
		allow[name] = filter.Rule{At: "live:1"}
	}
	return allow
}

func nativeArch(t *testing.T) filter.Arch {
	t.Helper()
	arch, err := filter.ParseArch(runtime.GOARCH)
	if err != nil {
		t.Skipf("no programs are compiled for %s", runtime.GOARCH)
	}
	return arch
}

// install puts the program on this thread, which is never unlocked.
func install(t *testing.T, program []byte) {
	t.Helper()
	runtime.LockOSThread()
	code, err := decode(program)
	if err != nil {
		t.Fatal(err)
	}
	list := make([]unix.SockFilter, len(code))
	for i, in := range code {
		list[i] = unix.SockFilter{Code: in.code, Jt: in.jt, Jf: in.jf, K: in.k}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	prog := &unix.SockFprog{Len: uint16(len(list)), Filter: &list[0]}
	// Safety: prog and what it points to live until the call returns; the kernel
	// copies the program.
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(prog)), 0, 0); err != nil {
		t.Fatalf("the kernel refuses the program: %v", err)
	}
	runtime.KeepAlive(prog)
}

// raw makes a call by number, past every wrapper.
func raw(nr int, args ...uint64) unix.Errno {
	var a [filter.MaxArgs]uintptr
	for i, v := range args {
		a[i] = uintptr(v)
	}
	_, _, errno := unix.RawSyscall6(uintptr(nr), a[0], a[1], a[2], a[3], a[4], a[5])
	return errno
}

// makers are the two of Compile, by index.
const makers = 2

// live is the program under test in the child.
func live(t *testing.T, arch filter.Arch, r filter.Rules) []byte {
	t.Helper()
	maker, err := strconv.Atoi(os.Getenv(makerEnv))
	if err != nil {
		t.Fatal(err)
	}
	return mustCompile(t, arch, r)[maker].Bytes
}

// child runs the test again in a process of its own, with the program of one maker,
// and gives what it wrote and how it ended.
func child(t *testing.T, maker int, part string) (string, syscall.WaitStatus) {
	t.Helper()
	if testing.CoverMode() != "" {
		t.Skip("under coverage the child would write a file at its end, which the filter forbids")
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), liveEnv+"="+part, makerEnv+"="+strconv.Itoa(maker))
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.Sys().(syscall.WaitStatus)
}

// finish ends the child at once: nothing that the testing package does at its end
// has to get past the filter.
func finish(t *testing.T, problems []string) {
	t.Helper()
	if len(problems) > 0 {
		os.Stdout.WriteString(strings.Join(problems, "\n") + "\n")
		os.Exit(1)
	}
	os.Exit(0)
}

func expectSuccess(t *testing.T, out string, status syscall.WaitStatus) {
	t.Helper()
	if !status.Exited() || status.ExitStatus() != 0 {
		t.Errorf("the child ended with %#x:\n%s", status, out)
	}
}

func liveRules(t *testing.T) filter.Rules {
	t.Helper()
	allow := liveBase()
	allow["socket"] = filter.Rule{When: mustParse(t, "socket", "family == AF_UNIX"), At: "live:2"}
	allow["ioctl"] = filter.Rule{When: mustParse(t, "ioctl", "cmd != TIOCSTI"), At: "live:3"}
	return usual(allow, map[string]string{"ptrace": "live:4"})
}

// Every number from 0 to 1023 that is not allowed answers as the rules say, by the
// kernel's own word; those that kill are left to TestLiveKill.
func TestS37LiveVerdicts(t *testing.T) {
	arch := nativeArch(t)
	if os.Getenv(liveEnv) == "" {
		for maker := range makers {
			out, status := child(t, maker, "verdicts")
			expectSuccess(t, out, status)
		}
		return
	}
	r := liveRules(t)
	install(t, live(t, arch, r))
	var problems []string
	for nr := range 1024 {
		// The kernel calls these two itself from the trampolines of its probes, past
		// every filter (since Linux 6.14 and 6.18), and ends with SIGILL who calls
		// them from anywhere else.
		if name, _ := filter.Name(arch, nr); name == "uretprobe" || name == "uprobe" {
			continue
		}
		var want unix.Errno
		switch r.Decide(arch, filter.Call{NR: uint32(nr), Arch: arch.AuditArch()}) {
		case filter.ActionEPERM:
			want = unix.EPERM
		case filter.ActionENOSYS:
			want = unix.ENOSYS
		default:
			continue
		}
		if got := raw(nr); got != want {
			problems = append(problems, fmt.Sprintf("number %d: %v, want %v", nr, got, want))
		}
	}
	if got := raw(-1); got != unix.ENOSYS {
		problems = append(problems, fmt.Sprintf("number -1: %v, want ENOSYS", got))
	}
	finish(t, problems)
}

// The kernel ignores the high word of an int, and so does a condition: garbage
// there neither breaks a legal call nor opens a forbidden one.
func TestS35LiveConditions(t *testing.T) {
	arch := nativeArch(t)
	if os.Getenv(liveEnv) == "" {
		for maker := range makers {
			out, status := child(t, maker, "conditions")
			expectSuccess(t, out, status)
		}
		return
	}
	const high = 0xdead_beef << 32
	install(t, live(t, arch, liveRules(t)))
	var problems []string
	for _, c := range []struct {
		name string
		nr   int
		args []uint64
		want unix.Errno
	}{
		{"socket(AF_UNIX)", unix.SYS_SOCKET, []uint64{unix.AF_UNIX, unix.SOCK_STREAM}, 0},
		{"socket(AF_UNIX, high)", unix.SYS_SOCKET, []uint64{unix.AF_UNIX | high, unix.SOCK_STREAM}, 0},
		{"socket(AF_INET)", unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_STREAM}, unix.EPERM},
		{"socket(AF_INET, high)", unix.SYS_SOCKET, []uint64{unix.AF_INET | high, unix.SOCK_STREAM}, unix.EPERM},
		{"ioctl(TIOCSTI)", unix.SYS_IOCTL, []uint64{1 << 20, unix.TIOCSTI}, unix.EPERM},
		{"ioctl(TIOCSTI, high)", unix.SYS_IOCTL, []uint64{1 << 20, unix.TIOCSTI | high}, unix.EPERM},
		{"ioctl(TIOCGWINSZ)", unix.SYS_IOCTL, []uint64{1 << 20, unix.TIOCGWINSZ}, unix.EBADF},
		{"getpid", unix.SYS_GETPID, nil, 0},
		{"clone3", unix.SYS_CLONE3, nil, unix.ENOSYS},
	} {
		if got := raw(c.nr, c.args...); got != c.want {
			problems = append(problems, fmt.Sprintf("%s: %v, want %v", c.name, got, c.want))
		}
	}
	finish(t, problems)
}

// What kills, kills the whole process with SIGSYS.
func TestLiveKill(t *testing.T) {
	arch := nativeArch(t)
	numbers := map[string]int{"ptrace": unix.SYS_PTRACE}
	if arch == filter.AMD64 {
		numbers["x32 read"] = filter.X32Bit
		numbers["x32 ioctl"] = filter.X32Bit + 514
	}
	part := os.Getenv(liveEnv)
	if part == "" {
		for _, name := range slices.Sorted(maps.Keys(numbers)) {
			for maker := range makers {
				out, status := child(t, maker, strconv.Itoa(numbers[name]))
				if !status.Signaled() || status.Signal() != unix.SIGSYS {
					t.Errorf("%s: the child ended with %#x, want SIGSYS:\n%s", name, status, out)
				}
			}
		}
		return
	}
	nr, err := strconv.Atoi(part)
	if err != nil {
		t.Fatal(err)
	}
	install(t, live(t, arch, liveRules(t)))
	finish(t, []string{fmt.Sprintf("number %d: %v, and alive", nr, raw(nr))})
}

// Random conditions, as the kernel sees them. lseek harms nobody, and never
// answers EACCES of itself.
func TestS40LiveRandomConditions(t *testing.T) {
	arch := nativeArch(t)
	part := os.Getenv(liveEnv)
	if part == "" {
		for seed := range 8 {
			out, status := child(t, seed%makers, strconv.Itoa(seed))
			expectSuccess(t, out, status)
		}
		return
	}
	seed, err := strconv.ParseUint(part, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	g := newGenerator(seed)
	r := filter.Rules{Default: filter.ActionEACCES, Unknown: filter.ActionENOSYS, BadArch: filter.ActionKillProcess, Allow: liveBase(), Kill: nil}
	r.Allow["lseek"] = filter.Rule{When: g.Condition(t, "lseek"), At: "live:5"}
	calls := g.Calls(arch, r, unix.SYS_LSEEK, 2000)
	install(t, live(t, arch, r))
	var problems []string
	for _, c := range calls {
		allowed := raw(unix.SYS_LSEEK, c.Args[:]...) != unix.EACCES
		if want := r.Decide(arch, c) == filter.ActionAllow; allowed != want {
			problems = append(problems, fmt.Sprintf("%s: %#x: allowed %t, want %t", r.Allow["lseek"].When.Text, c.Args, allowed, want))
		}
	}
	finish(t, problems)
}

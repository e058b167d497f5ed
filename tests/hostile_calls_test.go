package tests

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// almighty is a workload of uid 0 that keeps every capability by which a system call could
// succeed: what is denied to it the filter denies, not the want of a capability.
func almighty(t *testing.T, program string) string {
	t.Helper()
	all := []string{"SYS_ADMIN", "SYS_PTRACE", "SYS_RAWIO", "SYS_CHROOT", "SYS_MODULE", "SYS_BOOT", "SYS_TIME", "SYSLOG", "BPF", "PERFMON", "MKNOD",
		"NET_ADMIN", "NET_RAW", "SETUID", "SETGID", "SETPCAP", "SETFCAP", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "CHOWN", "LINUX_IMMUTABLE"}
	var why strings.Builder
	for _, name := range all {
		why.WriteString("\"capabilities." + name + "\" = \"the test wants the filter to be what denies\"\n")
	}
	return policy("almighty", "", `[exec]
argv = ["/app/`+program+`"]
user = "0"
group = "0"
[capabilities]
keep = ["`+strings.Join(all, `", "`)+`"]
[why]
"exec.user" = "the test wants the filter to be what denies"
`+why.String())
}

// raw makes system calls inside, tests/probe/raw.c, and gives what becomes of each.
func raw(t *testing.T, sealed string, calls []string) map[string]string {
	t.Helper()
	r := launch(t, sealed, append([]string{"--"}, strings.Fields(strings.Join(calls, " , "))...)...)
	r.expect(t, 0)
	got := strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n")
	if len(got) != len(calls) {
		t.Fatalf("%d outcomes of %d calls: %s", len(got), len(calls), r)
	}
	outcomes := map[string]string{}
	for i, call := range calls {
		outcomes[call] = got[i]
	}
	return outcomes
}

// wantRaw is raw that compares; the outcome "ok" is any number.
func wantRaw(t *testing.T, sealed string, wants map[string]string) {
	t.Helper()
	for call, got := range raw(t, sealed, slices.Collect(maps.Keys(wants))) {
		if want := wants[call]; got != want && (want != "ok" || !strings.HasPrefix(got, "ok ")) {
			t.Errorf("%s: %s, want %s", call, got, want)
		}
	}
}

func needAMD64(t *testing.T) {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Skip("needs amd64: the numbers and entries are its own")
	}
}

// The 32-bit entry, the x32 bit and programs of another architecture are killed, whatever
// they ask for; numbers that nobody has are ENOSYS.
func TestS34ForeignEntries(t *testing.T) {
	needRoot(t)
	needAMD64(t)
	sealed := compiled(t, almighty(t, "raw"))
	wantRaw(t, sealed, map[string]string{
		"call 39":         "ok",        // getpid: the probe works
		"int80 20":        "signal 31", // getpid of i386
		"int80 102 1 0":   "signal 31", // socketcall, whose arguments no filter sees
		"int80 359 38 5":  "signal 31", // socket(AF_ALG) of i386
		"call 0x40000027": "signal 31", // getpid of x32
		"call 0x40000209": "signal 31", // ioctl of x32
		"call -1":         "errno 38",  // what a tracer writes to skip a call
		"call 0xffffffff": "errno 38",
		"call 0x3fffffff": "errno 38",
		"call 1023":       "errno 38",
	})
}

// A static program of 32 bits is executed and killed at its first call.
func TestS34ForeignProgram(t *testing.T) {
	needRoot(t)
	needAMD64(t)
	dir := canaryDir(t)
	source := filepath.Join(dir, "i386.s")
	const program = ".globl _start\n_start: movl $1, %eax\nmovl $7, %ebx\nint $0x80\n"
	if err := os.WriteFile(source, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("needs gcc, for a program of 32 bits")
	}
	out := filepath.Join(dir, "i386")
	if text, err := exec.Command("gcc", "-m32", "-nostdlib", "-static", "-o", out, source).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if r := command(t, out); r.code != 7 {
		t.Skipf("needs a kernel that runs programs of 32 bits: %s", r)
	}
	sealed := compiled(t, policy("foreign", `"/b/i386"`, "[mounts]\nbind = [{ from = \""+dir+"\", at = \"/b\", exec = true }]\n"))
	launch(t, sealed).expect(t, 128+31)
}

// What the kernel cuts to 32 bits is compared in 32 bits: garbage above neither opens
// what is forbidden nor closes what is allowed (CVE-2019-7303, CVE-2019-10063).
func TestS35HighBitsOfArguments(t *testing.T) {
	needRoot(t)
	needAMD64(t)
	sealed := compiled(t, almighty(t, "raw"))
	wantRaw(t, sealed, map[string]string{
		"call 16 1 0x5412 0":              "errno 1", // ioctl(TIOCSTI)
		"call 16 1 0x100005412 0":         "errno 1",
		"call 16 1 0x8000000000005412 0":  "errno 1",
		"call 16 1 0x541c 0":              "errno 1", // TIOCLINUX
		"call 16 1 0xffffffff0000541c 0":  "errno 1",
		"call 16 -1 0xabcd00005401 0":     "errno 9", // TCGETS of no descriptor: the filter lets it through
		"call 56 0x110000000 0 0 0 0":     "errno 1", // clone(CLONE_NEWUSER), with a bit above
		"call 56 0x10000000 0 0 0 0":      "errno 1",
		"call 157 0x100000016 2 0 0 0":    "errno 1", // prctl(PR_SET_SECCOMP)
		"call 317 0x100000001 0x4 0":      "errno 1", // seccomp(SET_MODE_FILTER, SPEC_ALLOW)
		"call 157 0xffffffff00000004 1 0": "ok",      // prctl(PR_SET_DUMPABLE), which init needs
	})
}

// Namespaces cannot be made by any entry; clone3, whose flags no filter sees, is not there,
// so that libraries fall back (moby#42681).
func TestS36NamespacesByClone(t *testing.T) {
	needRoot(t)
	needAMD64(t)
	sealed := compiled(t, almighty(t, "raw"))
	wants := map[string]string{
		"call 435 0 88": "errno 38", // clone3
		"call 308 0 0":  "errno 1",  // setns
	}
	for name, flag := range map[string]string{"user": "0x10000000", "mnt": "0x20000", "pid": "0x20000000", "net": "0x40000000", "ipc": "0x8000000", "uts": "0x4000000", "cgroup": "0x2000000", "time": "0x80"} {
		wants["call 272 "+flag] = "errno 1" // unshare
		if name != "time" {                 // clone(2) takes that bit for part of the signal
			wants["call 56 "+flag+" 0"] = "errno 1"
		}
	}
	wantRaw(t, sealed, wants)
}

// Calls that lead past the filter, past the mounts or into the kernel are denied by the
// filter itself, though the workload has the capability for each.
func TestS38CallsThatLeadPast(t *testing.T) {
	needRoot(t)
	needAMD64(t)
	sealed := compiled(t, almighty(t, "raw"))
	tried := map[string]string{}
	calls := map[string]int{
		"io_uring_setup": unix.SYS_IO_URING_SETUP, "io_uring_enter": unix.SYS_IO_URING_ENTER, "io_uring_register": unix.SYS_IO_URING_REGISTER,
		"bpf": unix.SYS_BPF, "perf_event_open": unix.SYS_PERF_EVENT_OPEN, "userfaultfd": unix.SYS_USERFAULTFD,
		"keyctl": unix.SYS_KEYCTL, "add_key": unix.SYS_ADD_KEY, "request_key": unix.SYS_REQUEST_KEY,
		"open_by_handle_at": unix.SYS_OPEN_BY_HANDLE_AT, "kexec_load": unix.SYS_KEXEC_LOAD, "kexec_file_load": unix.SYS_KEXEC_FILE_LOAD,
		"ptrace": unix.SYS_PTRACE, "process_vm_readv": unix.SYS_PROCESS_VM_READV, "process_vm_writev": unix.SYS_PROCESS_VM_WRITEV,
		"pidfd_getfd": unix.SYS_PIDFD_GETFD, "kcmp": unix.SYS_KCMP, "mount": unix.SYS_MOUNT, "umount2": unix.SYS_UMOUNT2,
		"fsopen": unix.SYS_FSOPEN, "fsconfig": unix.SYS_FSCONFIG, "fsmount": unix.SYS_FSMOUNT, "fspick": unix.SYS_FSPICK,
		"open_tree": unix.SYS_OPEN_TREE, "move_mount": unix.SYS_MOVE_MOUNT, "mount_setattr": unix.SYS_MOUNT_SETATTR, "pivot_root": unix.SYS_PIVOT_ROOT,
		"chroot": unix.SYS_CHROOT, "quotactl": unix.SYS_QUOTACTL, "quotactl_fd": unix.SYS_QUOTACTL_FD, "init_module": unix.SYS_INIT_MODULE,
		"finit_module": unix.SYS_FINIT_MODULE, "delete_module": unix.SYS_DELETE_MODULE, "swapon": unix.SYS_SWAPON, "reboot": unix.SYS_REBOOT,
		"acct": unix.SYS_ACCT, "syslog": unix.SYS_SYSLOG, "sethostname": unix.SYS_SETHOSTNAME, "iopl": unix.SYS_IOPL, "ioperm": unix.SYS_IOPERM,
		"modify_ldt": unix.SYS_MODIFY_LDT, "fanotify_init": unix.SYS_FANOTIFY_INIT, "personality": unix.SYS_PERSONALITY, "vmsplice": unix.SYS_VMSPLICE,
		"clock_settime": unix.SYS_CLOCK_SETTIME, "settimeofday": unix.SYS_SETTIMEOFDAY, "adjtimex": unix.SYS_ADJTIMEX, "mknod": unix.SYS_MKNOD, "mknodat": unix.SYS_MKNODAT,
		"setuid": unix.SYS_SETUID, "setgroups": unix.SYS_SETGROUPS,
	}
	// All arguments -1: a call that gets through fails for them, with another errno or
	// on another number than EPERM, or the kernel would have been asked.
	for name, nr := range calls {
		tried[fmt.Sprintf("call %d -1 -1 -1 -1 -1 -1", nr)] = name
	}
	for name, family := range map[string]int{"alg": unix.AF_ALG, "vsock": unix.AF_VSOCK, "packet": unix.AF_PACKET, "netlink": unix.AF_NETLINK, "inet": unix.AF_INET, "xdp": unix.AF_XDP, "bluetooth": unix.AF_BLUETOOTH, "can": unix.AF_CAN} {
		tried[fmt.Sprintf("call 41 %d 3 0", family)] = "socket of " + name
	}
	for call, got := range raw(t, sealed, slices.Collect(maps.Keys(tried))) {
		if got != "errno 1" && (got != "errno 38" || strings.HasPrefix(tried[call], "socket")) {
			t.Errorf("%s: %s", tried[call], got)
		}
	}
}

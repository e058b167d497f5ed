package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Answers that are no errno. An empty file or directory is what a mask shows.
var (
	errEmpty       = errors.New("empty")
	errUnknownName = errors.New("unknown name")
)

// attempts by name. Those that take an operand are written NAME:OPERAND. They run in
// the order given and in one process: what one changes, the next one finds changed.
// What succeeds is undone where it can be; none of them harms the host they run on
// if the confinement fails.
var attempts = map[string]func(operand string) error{
	"read":  readFile,  // "empty" at the end of file at once
	"list":  listDir,   // "empty" without entries
	"write": openWrite, // opens for writing and creates; writes nothing
	"put":   put,       // PATH=TEXT, written to a file that is there
	"exec":  execute,   // "exit N" where the program has run and failed

	"mount":   func(string) error { return undo(unix.Mount("probe", "/", "tmpfs", 0, ""), "/") },
	"remount": func(p string) error { return unix.Mount("", p, "", unix.MS_REMOUNT|unix.MS_BIND, "") },
	"umount":  func(p string) error { return unix.Unmount(p, unix.MNT_DETACH) },
	"fsopen":  func(fs string) error { return closed(unix.Fsopen(fs, unix.FSOPEN_CLOEXEC)) },
	"opentree": func(p string) error {
		return closed(unix.OpenTree(unix.AT_FDCWD, p, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC))
	},
	"setattr": func(p string) error {
		return unix.MountSetattr(unix.AT_FDCWD, p, 0, &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY})
	},
	"pivot":  func(string) error { return unix.PivotRoot("/", "/") },
	"chroot": func(string) error { return unix.Chroot("/") },
	"mknod":  makeNode, // the null device, at the operand or /probe-node

	// unshare(2) refuses a user namespace to a process with threads, which this one
	// is: EINVAL says that the call has reached the kernel. clone-user asks by clone(2).
	"unshare-user": func(string) error { return unshare(unix.CLONE_NEWUSER) },
	"clone-user":   cloneUser,
	"unshare-mnt":  func(string) error { return unshare(unix.CLONE_NEWNS) },
	"unshare-net":  func(string) error { return unshare(unix.CLONE_NEWNET) },
	"setns":        setNamespace, // of a file, such as /proc/1/ns/mnt

	"ptrace":      func(string) error { return unix.PtraceSeize(1) },
	"pidfd-getfd": func(string) error { return stealFD() },
	"signal1":     signalInit,
	"socket":      openSocket,
	"abstract":    connectAbstract,
	"keyctl":      func(string) error { _, err := unix.KeyctlJoinSessionKeyring("probe"); return err },
	"cap":         raise, // lower case, without cap_
	"securebits": func(s string) error {
		return withNumber(s, func(n int) error { return set(unix.PR_SET_SECUREBITS, n, 0) })
	},
	"keepcaps": func(s string) error {
		return withNumber(s, func(n int) error { return set(unix.PR_SET_KEEPCAPS, n, 0) })
	},
	"ambient": func(s string) error {
		return withNumber(s, func(n int) error { return set(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, n) })
	},
	"execve-caps": effectiveAfterExec, // the effective set of this program, started once more
	"setuid":      func(s string) error { return withNumber(s, unix.Setuid) },
	"setgid":      func(s string) error { return withNumber(s, unix.Setgid) },
	"setgroups":   func(s string) error { return withNumber(s, func(n int) error { return unix.Setgroups([]int{n}) }) },
	"sethostname": func(s string) error { return unix.Sethostname([]byte(s)) },
	"owner":       owner,
	"bind":        bindPort,
	"clock":       clock,
	"set-clock":   setClock,
	"adjtimex":    adjust,
	"offsets":     func(string) error { return overwrite("/proc/self/timens_offsets", "boottime 7 0\n") },
	"uid-map":     func(string) error { return overwrite("/proc/self/uid_map", "0 0 1\n") },
	"mkdir":       func(p string) error { return unix.Mkdir(p, 0o755) },
	"chown":       func(p string) error { return unix.Lchown(p, 0, 0) },
	"module":      func(string) error { return unix.InitModule([]byte("none"), "") }, // ENOEXEC by who may
	"tiocsti":     func(string) error { return unix.IoctlSetPointerInt(0, unix.TIOCSTI, ' ') },
}

func known(attempt string) bool {
	name, _, _ := strings.Cut(attempt, ":")
	_, ok := attempts[name]
	return ok
}

func try(attempt string) error {
	name, operand, _ := strings.Cut(attempt, ":")
	return attempts[name](operand)
}

// readFile does not wait for a reader's turn at a FIFO or a kernel log.
func readFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Read(make([]byte, 1))
	if errors.Is(err, io.EOF) {
		return errEmpty
	}
	return err
}

func listDir(path string) error {
	all, err := names(path)
	if err == nil && len(all) == 0 {
		return errEmpty
	}
	return err
}

func openWrite(path string) error {
	_, missing := os.Lstat(path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return err
	}
	if missing != nil {
		err = os.Remove(path)
	}
	return errors.Join(err, f.Close())
}

func put(operand string) error {
	path, words, _ := strings.Cut(operand, "=")
	f, err := os.OpenFile(path, os.O_WRONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(words)
	return errors.Join(err, f.Close())
}

func execute(path string) error {
	err := exec.Command(path).Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return errors.New("exit " + strconv.Itoa(failed.ExitCode()))
	}
	return err
}

func undo(err error, target string) error {
	if err == nil {
		err = unix.Unmount(target, unix.MNT_DETACH)
	}
	return err
}

func closed(fd int, err error) error {
	if err == nil {
		err = unix.Close(fd)
	}
	return err
}

func makeNode(path string) error {
	if path == "" {
		path = "/probe-node"
	}
	if err := unix.Mknod(path, unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))); err != nil {
		return err
	}
	return unix.Unlink(path)
}

// onThread runs f on a thread of its own, which ends with it: what f changes is the
// thread's alone.
func onThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- f()
	}()
	return <-done
}

func unshare(flags int) error { return onThread(func() error { return unix.Unshare(flags) }) }

// cloneUser starts this program anew in a user namespace. An error may be the exec's
// too; a filter's EPERM comes before it.
func cloneUser(string) error {
	cmd := exec.Command(os.Args[0], "exit", "0")
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER}
	return cmd.Run()
}

func setNamespace(path string) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return onThread(func() error { return unix.Setns(fd, 0) })
}

// stealFD takes standard input of PID 1.
func stealFD() error {
	fd, err := unix.PidfdOpen(1, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return closed(unix.PidfdGetfd(fd, 0, 0))
}

func signalInit(s string) error {
	return withNumber(s, func(n int) error { return unix.Kill(1, unix.Signal(n)) })
}

var families = map[string]int{
	"unix": unix.AF_UNIX, "inet": unix.AF_INET, "inet6": unix.AF_INET6, "netlink": unix.AF_NETLINK,
	"packet": unix.AF_PACKET, "vsock": unix.AF_VSOCK, "alg": unix.AF_ALG,
}

func openSocket(family string) error {
	n, ok := families[family]
	if !ok {
		return errUnknownName
	}
	kind := unix.SOCK_DGRAM
	if family == "alg" {
		kind = unix.SOCK_SEQPACKET
	}
	return closed(unix.Socket(n, kind|unix.SOCK_CLOEXEC, 0))
}

func set(option, arg, more int) error { return unix.Prctl(option, uintptr(arg), uintptr(more), 0, 0) }

func effectiveAfterExec(path string) error {
	out, err := exec.Command(path).Output()
	if err != nil {
		return err
	}
	var r Report
	if err := json.Unmarshal(out, &r); err != nil {
		return err
	}
	return errors.New(r.Status["CapEff"])
}

// connectAbstract connects to a socket in the abstract namespace, unix(7).
func connectAbstract(name string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Connect(fd, &unix.SockaddrUnix{Name: "@" + name})
}

func withNumber(s string, f func(int) error) error {
	n, err := strconv.Atoi(s)
	if err != nil {
		return errUnknownName
	}
	return f(n)
}

//go:build amd64

package arena

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"casemate/tests/trace"

	"golang.org/x/sys/unix"
)

// Worker is a process with an arena of its own. It has one thread that traces.
type Worker struct {
	Bin    string // the binaries under test
	Dir    string // scratch, the same path in every worker, and another file system
	Tracer *trace.Tracer

	files   []*os.File // what a launch gets as descriptors
	manager int        // the socket that the shim tells the service manager through
	base    counters
	want    map[string]string // by policy: the report of a launch that nobody disturbs
}

// Job is something that a worker can do. The result is what JSON makes of it.
type Job func(w *Worker, arg json.RawMessage) (any, error)

// worked is called first of all. In a worker it does jobs until the test ends and does not
// return.
func worked(jobs map[string]Job) {
	dir := os.Getenv(workerEnv)
	if dir == "" {
		return
	}
	if err := work(dir, jobs); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func work(dir string, jobs map[string]Job) error {
	runtime.LockOSThread() // ptrace(2) knows threads
	w := &Worker{Bin: filepath.Join(dir, "bin"), Dir: filepath.Join(dir, Ground), Tracer: &trace.Tracer{}, want: map[string]string{}}
	if err := w.settle(); err != nil {
		return err
	}
	in, out := json.NewDecoder(os.NewFile(3, "jobs")), json.NewEncoder(os.NewFile(4, "results"))
	for {
		var r request
		if err := in.Decode(&r); err != nil {
			return nil // the test has ended
		}
		var a answer
		result, err := jobs[r.Job](w, r.Arg)
		if err == nil {
			a.Result, err = json.Marshal(result)
		}
		if err != nil {
			a.Error = err.Error()
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
}

// settle makes the arena. The descriptors that a launch has are files, whose names in the
// probe's report do not change.
func (w *Worker) settle() error {
	for _, fd := range []int{3, 4} {
		unix.CloseOnExec(fd)
	}
	if err := w.mount(); err != nil {
		return err
	}
	if err := os.Mkdir("/run/mount", 0o755); err != nil { // which mount(8) would make
		return err
	}
	for _, name := range []string{"stdin", "stdout", "stderr"} {
		f, err := os.OpenFile(filepath.Join("/run", name), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		w.files = append(w.files, f)
	}
	if err := w.listen(); err != nil {
		return err
	}
	if err := w.stage(); err != nil {
		return err
	}
	var err error
	w.base, err = w.count()
	return err
}

// Want is the report of a launch of a policy that nobody disturbs.
func (w *Worker) Want(policy string) (string, error) {
	if want, ok := w.want[policy]; ok {
		return want, nil
	}
	o, err := w.Run(policy, false)
	if err != nil {
		return "", err
	}
	if o.Code != 0 || o.Hung != "" {
		return "", fmt.Errorf("policy %s, undisturbed: %s", policy, o)
	}
	if left, err := w.Left(); left != "" || err != nil {
		return "", fmt.Errorf("policy %s, undisturbed: left behind: %s, %v", policy, left, err)
	}
	w.want[policy], err = Attest(o.Stdout)
	return w.want[policy], err
}

func (w *Worker) mount() error {
	cgroups := Cgroups()
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	// One hierarchy cannot be mounted twice at one place.
	if err := unix.Unmount(cgroups, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("umount %s: %w", cgroups, err)
	}
	for _, m := range []struct {
		fs, at, options string
		flags           uintptr
	}{
		{"proc", "/proc", "", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC},
		{"tmpfs", "/run", "mode=755", unix.MS_NOSUID | unix.MS_NODEV},
		{"cgroup2", cgroups, "", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC},
		{"tmpfs", w.Dir, "mode=755", 0},
		{"", "/", "", unix.MS_REC | unix.MS_SHARED},
	} {
		if err := unix.Mount(m.fs, m.at, m.fs, m.flags, m.options); err != nil {
			return fmt.Errorf("mount %s at %s: %w", m.fs, m.at, err)
		}
	}
	return nil
}

// listen makes the service manager's side: its socket for notifications, and a socket that
// it passes.
func (w *Worker) listen() error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	w.manager = fd
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: managerSocket}); err != nil {
		return err
	}
	passed, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	w.files = append(w.files, os.NewFile(uintptr(passed), "passed"))
	if err := unix.Bind(passed, &unix.SockaddrUnix{Name: "/run/passed"}); err != nil {
		return err
	}
	return unix.Listen(passed, 8)
}

const managerSocket = "/run/manager"

// drain takes what the manager was told, so that its queue does not fill.
func (w *Worker) drain() (messages int) {
	var b [4096]byte
	for {
		if _, _, _, _, err := unix.Recvmsg(w.manager, b[:], nil, 0); err != nil {
			return messages
		}
		messages++
	}
}

// Command casemate-shim launches one service under its sealed policy, checks
// against the kernel that all of it took hold, and supervises it until it ends.
// This package is wiring; the launch is in internal/, the supervision in supervise/.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"casemate/internal/exit"
	"casemate/internal/facts"
	"casemate/internal/inherit/hold" // before the runtime's own start: no signal is lost
	"casemate/shim/supervise"

	"golang.org/x/sys/unix"
)

// version is set by the linker.
var version = "unreleased"

const usage = `usage:
  casemate-shim run [options] FILE.sealed [-- extra arguments]
  casemate-shim probe [FILE.sealed]   what this host offers, as JSON
  casemate-shim status [-json] [-state DIR] NAME
                                      the receipt of a running service, or how it ended
  casemate-shim recover [-state DIR] [NAME...]
                                      removes what killed shims have left
  casemate-shim version

options of run:
  -trusted-keys FILE   demand a signature by one of these keys
                       (default /etc/casemate/trusted-keys, if it exists)
  -init FILE           the init to use (default: casemate-init beside the shim)
  -init-in-place       execute the init's file itself, not a private copy: for hosts
                       that execute nothing but their image (IPE, vm.memfd_noexec=2)
  -state DIR           where running services are kept (default /run/casemate)
  -ready-fd N          write a line end to descriptor N when the service is ready
  -fd N                read the policy from descriptor N, in place of FILE

exit status: the workload's own, or 128+n when signal n ended it; 126 or 127 when
it could not be executed; 246 usage or policy refused; 247 the host lacks a
feature; 248 a step of the launch failed; 249 verification failed; 250 a bug.
`

// The child dies with the thread that cloned it (PR_SET_PDEATHSIG, prctl(2)). That
// must be the main thread, which lives as long as the process: a thread that the Go
// runtime retires would take the container with it (go.dev/issue/27505).
func init() { runtime.LockOSThread() }

// One allocation in 512 KiB would be looked at for a profile that nobody takes: with the
// tables for its stack that is 0.05 ms of a launch.
func init() { runtime.MemProfileRate = 0 }

func main() {
	deepen(false)
	if err := harden(); err != nil {
		quit(exit.Wrap(exit.Lacking, err))
	}
	// What the manager has left open is not for the container, but for what it says that it
	// passes and the policy names.
	passed := facts.FromManager()
	if err := unix.CloseRange(3, ^uint(0)>>32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		quit(exit.Wrap(exit.Lacking, fmt.Errorf("close_range: %w (Linux 5.11)", err)))
	}
	code, err := guarded(func() (int, error) { return command(os.Args[1:], passed) })
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		os.Exit(0)
	}
	if err != nil {
		quit(err)
	}
	os.Exit(code)
}

// deepen makes the stack as large as a launch needs, while it is shallow: growing bit by
// bit meant to walk and copy it four times, which took 90 us. Nothing is written to room
// unless it is filled, so no memory is used before it is needed.
//
//go:noinline
func deepen(filled bool) {
	if filled {
		var room [20 << 10]byte
		fill(&room)
	}
}

//go:noinline
func fill(room *[20 << 10]byte) { room[0] = 1 }

// quit prints one line and ends with the code that the error carries.
func quit(err error) {
	code := exit.CodeOf(err)
	if code == exit.Bug {
		err = fmt.Errorf("BUG: %w", err)
	}
	supervise.Say("%s", err)
	os.Exit(code)
}

var errUsage = exit.Wrap(exit.Usage, errors.New("bad command line; casemate-shim help shows the usage"))

func command(args []string, passed facts.Manager) (int, error) {
	if len(args) == 0 {
		return 0, errUsage
	}
	name, rest := args[0], args[1:]
	if name == "run" {
		return runCommand(rest, passed)
	}
	// Whatever else is asked for ends by a signal, as any program does.
	if err := hold.Release(); err != nil {
		return 0, exit.Wrap(exit.Step, fmt.Errorf("rt_sigprocmask: %w", err))
	}
	switch {
	case name == "probe" && len(rest) <= 1:
		return 0, probe(os.Stdout, rest, passed)
	case name == "status":
		return statusCommand(os.Stdout, rest)
	case name == "recover":
		return 0, recoverCommand(os.Stdout, rest)
	case (name == "version" || name == "--version" || name == "-V") && len(rest) == 0:
		fmt.Println("casemate-shim", version)
		return 0, nil
	case name == "help" || name == "-h" || name == "--help":
		fmt.Print(usage)
		return 0, nil
	}
	return 0, errUsage
}

const (
	stateDir    = "/run/casemate"
	trustedKeys = "/etc/casemate/trusted-keys"
)

func runCommand(args []string, passed facts.Manager) (int, error) {
	o := options{passed: passed}
	fs := newFlags("run")
	fs.StringVar(&o.keys, "trusted-keys", "", "")
	fs.StringVar(&o.init, "init", "", "")
	fs.BoolVar(&o.inPlace, "init-in-place", false, "")
	state := fs.state()
	fs.IntVar(&o.fd, "fd", -1, "")
	fs.IntVar(&o.ready, "ready-fd", -1, "")
	if err := fs.parse(args); err != nil {
		return 0, err
	}
	o.state = *state
	if fs.stated["fd"] && o.fd < facts.FirstListen { // it is closed after reading, and a workload has 0 to 2
		return 0, fs.wrong(fmt.Errorf("-fd %d is not above the standard streams", o.fd))
	}
	if fs.stated["ready-fd"] {
		if err := checkReadyFD(o); err != nil {
			return 0, fs.wrong(err)
		}
	}
	rest := fs.Args()
	if o.fd < 0 {
		if len(rest) == 0 {
			return 0, errUsage
		}
		o.policy, rest = rest[0], rest[1:]
	}
	switch {
	case o.fd >= 0: // without FILE in front of it, package flag has taken the --
		o.extra = rest
	case len(rest) > 0 && rest[0] == "--":
		o.extra = rest[1:]
	case len(rest) > 0:
		return 0, fs.wrong(fmt.Errorf("%q: extra arguments come after --, options before the policy", rest[0]))
	}
	if o.init == "" {
		self, err := os.Executable()
		if err != nil {
			return 0, exit.Wrap(exit.Lacking, fmt.Errorf("find casemate-init beside the shim: %w; is /proc mounted? -init names it", err))
		}
		o.init = filepath.Join(filepath.Dir(self), "casemate-init")
	}
	return run(o)
}

// checkReadyFD refuses a descriptor that is not open, or that is another thing too. It
// comes before the shim opens any of its own.
func checkReadyFD(o options) error {
	n := o.ready
	_, err := unix.FcntlInt(uintptr(n), unix.F_GETFD, 0)
	switch {
	case n < facts.FirstListen:
		return fmt.Errorf("-ready-fd %d is not above the standard streams", n)
	case err != nil:
		return fmt.Errorf("-ready-fd %d: %w", n, err)
	case n == o.fd:
		return fmt.Errorf("-ready-fd %d is the policy's descriptor", n)
	case n < facts.FirstListen+len(o.passed.Listen):
		return fmt.Errorf("-ready-fd %d is one of the service manager's sockets (LISTEN_FDS)", n)
	}
	return nil
}

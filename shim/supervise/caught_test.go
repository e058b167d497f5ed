package supervise

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// caught names the mode of the program that TestCatch starts: signals are caught by the
// main thread of a process, so that it needs one of its own.
const caught = "CASEMATE_CAUGHT"

func init() {
	if os.Getenv(caught) != "" || os.Getenv(script) != "" {
		runtime.LockOSThread()
	}
}

// neighbour has another process send a signal: one of our own that another thread gets is
// dropped there (internal/sys).
func neighbour(signal string) {
	exec.Command("/bin/sh", "-c", "kill -"+signal+" $PPID").Run()
}

// catchAndTell catches all signals, sends itself some, and tells which it took.
func catchAndTell(mode string) int {
	s, err := Catch()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	switch mode {
	case "ourselves":
		unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGUSR1)
	case "broken pipe":
		var pipe [2]int
		unix.Pipe2(pipe[:], unix.O_CLOEXEC)
		unix.Close(pipe[0])
		unix.Write(pipe[1], []byte("x")) // SIGPIPE, of our own making
		neighbour("USR2")
	case "child":
		exec.Command("/bin/true").Run() // SIGCHLD
		neighbour("USR2")
	}
	for {
		if _, err := wait(forever, s.fd); err != nil {
			fmt.Println(err)
			return 1
		}
		n, err := s.next()
		if err != nil {
			fmt.Println(err)
			return 1
		}
		if n != 0 {
			fmt.Println(unix.SignalName(n))
			if again, err := s.next(); again != 0 || err != nil {
				fmt.Println("and", unix.SignalName(again), err)
			}
			return 0
		}
	}
}

func TestCatch(t *testing.T) {
	for mode, want := range map[string]string{"ourselves": "SIGUSR1", "broken pipe": "SIGUSR2", "child": "SIGUSR2"} {
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = []string{caught + "=" + mode}
		out, err := cmd.Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%s: %q, %v", mode, got, err)
		}
	}
}

// A signal that was ignored when the shim was started is not lost.
func TestCatchOfIgnoredSignals(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", `trap "" USR1 CHLD TERM; exec /proc/`+fmt.Sprint(os.Getpid())+`/exe`)
	cmd.Env = []string{caught + "=ourselves"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.Output()
	if got := strings.TrimSpace(string(out)); err != nil || got != "SIGUSR1" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestNextRefusesWhatIsNoSignal(t *testing.T) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	s := &Signals{pipe[0]}
	if n, err := s.next(); n != 0 || err != nil {
		t.Errorf("none waits: %d, %v", n, err)
	}
	unix.Write(pipe[1], make([]byte, 64))
	if n, err := s.next(); err == nil {
		t.Errorf("half a record: %d", n)
	}
	unix.Close(pipe[1])
	if n, err := s.next(); err == nil {
		t.Errorf("closed: %d", n)
	}
	unix.Close(pipe[0])
	if n, err := s.next(); err == nil {
		t.Errorf("gone: %d", n)
	}
}

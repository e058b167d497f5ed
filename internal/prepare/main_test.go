package prepare

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestMain is also the programs that the tests start: one that takes a lock and says so,
// one that runs in a control group.
func TestMain(m *testing.M) {
	switch mode, arg, _ := strings.Cut(os.Getenv("CASEMATE_PREPARE"), " "); mode {
	case "":
		os.Exit(m.Run())
	case "cycle":
		os.Exit(cycle(arg))
	case "opens":
		os.Exit(opens(arg))
	case "level":
		os.Exit(holdLevel(arg))
	case "hold":
		os.Exit(hold(arg))
	case "delegate":
		os.Exit(delegateInside(arg))
	}
	os.Exit(2)
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: makes control groups, mounts and files of other owners")
	}
}

// helper starts this program in a mode.
func helper(t *testing.T, mode, arg string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{"CASEMATE_PREPARE=" + mode + " " + arg}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// cycle takes the lock of a service and gives it up, so many times, and counts how
// often it had it. It fails on anything but "already running".
func cycle(arg string) int {
	times, root, _ := strings.Cut(arg, " ")
	n, _ := strconv.Atoi(times)
	taken := 0
	for range n {
		s, err := NewState(root, "svc")
		if errors.Is(err, ErrRunning) {
			continue
		}
		if err == nil {
			err = errors.Join(inside(root), s.Write(Receipt, []byte("x")), outside(root), s.Remove())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		taken++
	}
	fmt.Println(taken)
	return 0
}

// inside fails when somebody else is inside.
func inside(root string) error { return os.Mkdir(root+"/inside", 0o700) }

func outside(root string) error { return os.Remove(root + "/inside") }

// hold takes the lock, says so and waits to be killed.
func hold(root string) int {
	s, err := NewState(root, "svc")
	if err == nil {
		err = errors.Join(s.Write(Receipt, []byte("left behind")), s.Write(Receipt, []byte("left behind, once more")))
	}
	fmt.Println("holds", err)
	bufio.NewReader(os.Stdin).ReadByte()
	return 0
}

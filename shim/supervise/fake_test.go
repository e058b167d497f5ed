package supervise

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"casemate/internal/child"
	"casemate/internal/gate"

	"golang.org/x/sys/unix"
)

// The tests' init is this program again, with a script of what it says and does:
//
//	ready started:N execerror:N exited:N kind:N   a message
//	garbage short long                            a datagram that is none
//	release     waits for the shim's release, and fails on anything else
//	close       closes the gate
//	fork        starts a child that hangs
//	catch       catches all signals, as Catch does
//	signal      waits for a signal and ends with its number
//	exit:N      ends
//	die:N       ends by a signal
//	hang        waits for ever
const script = "CASEMATE_FAKE_INIT"

const fakeGate = 4

func TestMain(m *testing.M) {
	if words := os.Getenv(script); words != "" {
		for word := range strings.FieldsSeq(words) {
			name, arg, _ := strings.Cut(word, ":")
			n, _ := strconv.ParseUint(arg, 0, 32)
			if err := fake(name, uint32(n)); err != nil {
				fmt.Fprintln(os.Stderr, "fake init:", word, err)
				os.Exit(99)
			}
		}
		os.Exit(98)
	}
	if mode := os.Getenv(caught); mode != "" {
		os.Exit(catchAndTell(mode))
	}
	os.Exit(m.Run())
}

var kinds = map[string]gate.Kind{"ready": gate.Ready, "started": gate.Started, "execerror": gate.ExecError, "exited": gate.Exited}

func fake(name string, n uint32) error {
	switch name {
	case "ready", "started", "execerror", "exited":
		b := gate.Message{Kind: kinds[name], Value: n}.Encode()
		return tell(b[:])
	case "kind":
		b := gate.Message{Kind: gate.Kind(n)}.Encode()
		return tell(b[:])
	case "garbage":
		return tell([]byte{1, 2, 3, 4, 5, 6, 7, 8})
	case "short":
		return tell([]byte{1, 2, 3})
	case "long":
		return tell([]byte("CG\x00\x01\x00\x00\x00\x00\x00"))
	case "release":
		var b [64]byte
		k, err := unix.Read(fakeGate, b[:])
		if m, ok := gate.Decode(b[:max(k, 0)]); !ok || m != (gate.Message{Kind: gate.Release}) {
			return fmt.Errorf("got %x, %w", b[:max(k, 0)], err)
		}
	case "fork":
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = []string{script + "=hang"}
		return cmd.Start()
	case "close":
		return unix.Close(fakeGate)
	case "catch":
		var err error
		taken, err = Catch()
		return err
	case "signal":
		return awaitSignal()
	case "exit":
		os.Exit(int(n))
	case "die":
		return die(unix.Signal(n))
	case "hang":
		hang()
	default:
		return fmt.Errorf("no such word")
	}
	return nil
}

func tell(b []byte) error {
	_, err := unix.Write(fakeGate, b)
	return err
}

// taken are the signals of a fake that catches them.
var taken *Signals

func awaitSignal() error {
	for {
		if _, err := wait(forever, taken.fd); err != nil {
			return err
		}
		if n, err := taken.next(); n != 0 || err != nil {
			os.Exit(int(n))
		}
	}
}

// die needs a signal that no handler of the Go runtime's turns into something else.
func die(n unix.Signal) error {
	if err := unix.PthreadSigmask(unix.SIG_UNBLOCK, &unix.Sigset_t{Val: [16]uint64{1 << (n - 1)}}, nil); err != nil {
		return err
	}
	if err := unix.Kill(unix.Getpid(), n); err != nil {
		return err
	}
	hang()
	return nil
}

func hang() {
	for {
		time.Sleep(time.Hour)
	}
}

// company is a fake init under supervision.
type company struct {
	*Process
	signals int // write end: one record is one signal
}

// fakeGrace is longer than any test.
const fakeGrace = time.Hour

// patience bounds what should take milliseconds; it is there so that a hang fails.
const patience = 20 * time.Second

// begun starts a fake init.
func begun(t *testing.T, words string) *company {
	t.Helper()
	return begunIn(t, 0, words)
}

// begunIn starts it in new namespaces.
func begunIn(t *testing.T, flags uint64, words string) *company {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	p := new(child.Program)
	p.Set(1, pair[1])
	p.Add(unix.SYS_DUP3, child.None, 0, child.Slot(1), child.FD(fakeGate), child.Int(0))
	p.Add(unix.SYS_EXECVE, child.None, 0, child.String(program(words)), child.Strings([]string{"casemate-init"}), child.Strings([]string{script + "=" + words}))
	c, err := p.Start(child.Clone{Flags: flags, Cgroup: -1})
	unix.Close(pair[1])
	if err != nil {
		t.Fatal(err)
	}
	out := &company{New(c, pair[0], &Signals{pipe[0]}, fakeGrace), pipe[1]}
	hung := time.AfterFunc(patience, func() { out.send(unix.SIGKILL) })
	t.Cleanup(func() {
		hung.Stop()
		out.Kill()
		unix.Close(pipe[0])
		unix.Close(pipe[1])
	})
	return out
}

// program is what the child executes.
func program(words string) string {
	if words == "no-init" {
		return "/nonexistent"
	}
	return "/proc/self/exe"
}

// arrives lets a signal arrive at the shim.
func (c *company) arrives(t *testing.T, n unix.Signal) {
	t.Helper()
	var info [128]byte
	binary.NativeEndian.PutUint32(info[:], uint32(n))
	if _, err := unix.Write(c.signals, info[:]); err != nil {
		t.Fatal(err)
	}
}

// ready is AwaitReady without the report.
func (c *company) ready() error {
	_, err := c.AwaitReady()
	return err
}

// released brings a fake init as far as Release.
func released(t *testing.T, words string) *company {
	t.Helper()
	c := begun(t, "ready release "+words)
	if err := errors.Join(c.AwaitExec(), c.ready(), c.Release()); err != nil {
		t.Fatal(err)
	}
	return c
}

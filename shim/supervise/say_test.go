package supervise

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A standard error that has room for a part of a line holds nobody up, and what comes
// later is dropped until the line is out.
func TestSayToNobody(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	room, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, 4096)
	if err != nil {
		t.Fatal(err)
	}
	old, err := unix.FcntlInt(2, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(old)
	unix.Dup3(int(w.Fd()), 2, 0)
	w.Close()
	said := make(chan bool)
	go func() {
		Say("first %s", strings.Repeat("x", room))
		Say("second")
		said <- true
	}()
	select {
	case <-said:
	case <-time.After(patience):
		t.Error("the line is waited for")
	}
	text := make([]byte, len("casemate-shim: first \n")+room)
	if _, err := io.ReadFull(r, text); err != nil || text[len(text)-1] != '\n' {
		t.Errorf("%.40q, %v", text, err)
	}
	for end := time.Now().Add(patience); !unsaid.Done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the line is not out")
		}
	}
	Say("third")
	unix.Dup3(old, 2, 0)
	if rest, err := io.ReadAll(r); err != nil || string(rest) != "casemate-shim: third\n" {
		t.Errorf("%q, %v", rest, err)
	}
}

// init is the program of TestSayWithoutDescriptors: before package testing has set a timer.
func init() {
	if os.Getenv("CASEMATE_SAY") == "" {
		return
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: 3}); err != nil {
		panic(err)
	}
	Say("no descriptors")
	os.Exit(7)
}

// Where no descriptor is to be had, of all times then, a line is said and the program goes on.
func TestSayWithoutDescriptors(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = []string{"CASEMATE_SAY=1"}
	if out, _ := cmd.CombinedOutput(); string(out) != "casemate-shim: no descriptors\n" || cmd.ProcessState.ExitCode() != 7 {
		t.Errorf("%v: %.300s", cmd.ProcessState, out)
	}
}

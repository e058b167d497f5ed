package supervise

import (
	"io"
	"os"
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
	<-unsaid
	Say("third")
	unix.Dup3(old, 2, 0)
	if rest, err := io.ReadAll(r); err != nil || string(rest) != "casemate-shim: third\n" {
		t.Errorf("%q, %v", rest, err)
	}
}

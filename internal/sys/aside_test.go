package sys

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// ends waits for a task.
func ends(t *testing.T, task *Task) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !task.Done(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatal("the task does not end")
		}
	}
}

// The calls are made in their order, and the thread is gone afterwards; many times, with
// collections of garbage and signals in between.
func TestAside(t *testing.T) {
	for range 200 {
		var pipe [2]int
		if err := syscall.Pipe2(pipe[:], syscall.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		task, err := Aside(CallWrite(pipe[1], []byte("some ")), CallWrite(pipe[1], []byte("words")), CallClose(pipe[1]))
		if err != nil {
			t.Fatal(err)
		}
		garbage = make([]byte, 1<<20)
		syscall.Kill(os.Getpid(), syscall.SIGURG)
		ends(t, task)
		b := make([]byte, 20)
		if n, err := syscall.Read(pipe[0], b); err != nil || string(b[:n]) != "some words" {
			t.Fatalf("%q, %v", b[:n], err)
		}
		if n, err := syscall.Read(pipe[0], b); n != 0 || err != nil {
			t.Fatalf("not closed: %d, %v", n, err)
		}
		syscall.Close(pipe[0])
	}
}

var garbage []byte

// A datagram is dropped without a look, and with what it carries.
func TestAsideDrops(t *testing.T) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(pair[0])
	defer syscall.Close(pair[1])
	var pipe [2]int
	if err := syscall.Pipe2(pipe[:], syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Sendmsg(pair[0], []byte("first"), syscall.UnixRights(pipe[1]), nil, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := syscall.Write(pair[0], []byte("second")); err != nil {
		t.Fatal(err)
	}
	syscall.Close(pipe[1])
	task, err := Aside(CallDrop(pair[1], syscall.MSG_DONTWAIT))
	if err != nil {
		t.Fatal(err)
	}
	ends(t, task)
	b := make([]byte, 20)
	if n, err := syscall.Read(pipe[0], b); n != 0 || err != nil {
		t.Errorf("what it carried is still open: %d, %v", n, err)
	}
	if n, err := syscall.Read(pair[1], b); err != nil || string(b[:n]) != "second" {
		t.Errorf("then comes %q, %v", b[:n], err)
	}
}

// One that hangs holds nobody up, and more than there is room for are refused.
func TestAsideHangs(t *testing.T) {
	var pipe [2]int
	if err := syscall.Pipe2(pipe[:], syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(pipe[0])
	defer syscall.Close(pipe[1])
	block := make([]byte, 128<<10) // more than a pipe has room for
	var all []*Task
	for range most {
		task, err := Aside(CallWrite(pipe[1], block))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, task)
	}
	time.Sleep(10 * time.Millisecond)
	for i, task := range all {
		if task.Done() {
			t.Errorf("task %d has ended", i)
		}
	}
	if _, err := Aside(CallClose(-1)); err != syscall.EAGAIN {
		t.Errorf("one more: %v", err)
	}
	if _, err := Aside(make([]Call, longest+1)...); err != syscall.EAGAIN {
		t.Errorf("a longer one: %v", err)
	}
	for left := most * len(block); left > 0; {
		n, err := syscall.Read(pipe[0], block[:64<<10])
		if err != nil {
			t.Fatal(err)
		}
		left -= n
	}
	for _, task := range all {
		ends(t, task)
	}
	task, err := Aside(CallClose(-1))
	if err != nil {
		t.Errorf("when they have ended: %v", err)
	}
	ends(t, task)
}

// What is no task is done.
func TestAsideNone(t *testing.T) {
	if !(&Task{}).Done() || !(*Task)(nil).Done() {
		t.Error("it is not")
	}
}

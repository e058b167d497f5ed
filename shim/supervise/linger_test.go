package supervise

import (
	"fmt"
	"maps"
	"net"
	"runtime"
	"slices"
	"testing"
	"time"

	"casemate/tests/lab"

	"golang.org/x/sys/unix"
)

// lingering is a TCP connection whose last close waits for a peer that never reads
// (SO_LINGER, socket(7)): whoever lets go of it last is held up.
func lingering(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	f, err := c.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	c.Close()
	unix.SetNonblock(fd, true)
	room := make([]byte, 1<<16)
	for err == nil {
		_, err = unix.Write(fd, room)
	}
	if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 3600}); err != nil {
		t.Fatal(err)
	}
	return fd
}

// A descriptor that holds up whoever lets go of it last holds up neither the loop nor the
// end: not beside a message, not beside the pipe of a barrier, not in a queue that is given up.
func TestLingering(t *testing.T) {
	pipe := func() int {
		var pipe [2]int
		if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		unix.Close(pipe[0])
		return pipe[1]
	}
	cases := map[string]func(k *kept, fd int){
		"status":        func(k *kept, fd int) { k.says(t, "STATUS=x", fd) },
		"no message":    func(k *kept, fd int) { k.says(t, "\x00", fd) },
		"trap":          func(k *kept, fd int) { k.says(t, "BARRIER=1", fd) },
		"behind a trap": func(k *kept, fd int) { k.says(t, "BARRIER=1", 0); k.says(t, "STATUS=x", fd) },
		"barrier":       func(k *kept, fd int) { n := pipe(); k.says(t, "BARRIER=1", n, fd); unix.Close(n) },
		"two":           func(k *kept, fd int) { k.says(t, "STATUS=x", pipe()); k.says(t, "STATUS=x", fd) },
	}
	for _, name := range lab.Some(t, slices.Sorted(maps.Keys(cases))) {
		t.Run(name, func(t *testing.T) {
			k := keeps(t, Contract{ReadyFD: -1})
			fd := lingering(t)
			cases[name](k, fd)
			unix.Close(fd)
			said(t, func() {
				k.supervisedAsMain()
				if got := heardBy(t, k.service); got != "READY=1" {
					t.Errorf("the manager hears %q", got)
				}
				time.Sleep(50 * time.Millisecond) // no more than what was sent is taken in the meantime
				if got := k.ends(t); got != "137 <nil>" {
					t.Error(got)
				}
			})
		})
	}
}

// supervisedAsMain is supervised on a thread that no signal interrupts, as the shim's main
// one is.
func (k *kept) supervisedAsMain() {
	go func() {
		runtime.LockOSThread() // and the thread ends with the goroutine
		if err := unix.PthreadSigmask(unix.SIG_BLOCK, &unix.Sigset_t{Val: [16]uint64{^uint64(0)}}, nil); err != nil {
			k.ended <- err.Error()
			return
		}
		code, err := k.Supervise()
		k.ended <- fmt.Sprint(code, " ", err)
	}()
}

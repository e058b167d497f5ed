package supervise

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// kept is a company under supervision whose workload is the test itself: what the test
// sends to path is what the workload says.
type kept struct {
	*company
	service *net.UnixConn // the manager's end
	path    string
	ended   chan string
}

// keeps starts one with a manager that listens.
func keeps(t *testing.T, c Contract) *kept {
	t.Helper()
	dir := t.TempDir()
	k := &kept{service: listens(t, dir+"/manager"), path: dir + "/workload", ended: make(chan string, 1)}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: k.path}); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		t.Fatal(err)
	}
	c.Socket = fd
	k.company = released(t, "started hang")
	k.Keep(c)
	return k
}

// supervised lets it run.
func (k *kept) supervised() {
	go func() {
		code, err := k.Supervise()
		k.ended <- fmt.Sprint(code, " ", err)
	}()
}

func (k *kept) says(t *testing.T, text string, fds ...int) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	var rights []byte
	if len(fds) != 0 {
		rights = unix.UnixRights(fds...)
	}
	if err := unix.Sendmsg(fd, []byte(text), rights, &unix.SockaddrUnix{Name: k.path}, 0); err != nil {
		t.Fatal(err)
	}
}

// ends kills init and takes what the shim would exit with.
func (k *kept) ends(t *testing.T) string {
	t.Helper()
	k.send(unix.SIGKILL)
	select {
	case s := <-k.ended:
		return s
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	return ""
}

// said catches what is written to standard error.
func said(t *testing.T, f func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	old, err := unix.FcntlInt(2, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		t.Fatal(err)
	}
	unix.Dup3(int(w.Fd()), 2, 0)
	f()
	unix.Dup3(old, 2, 0)
	unix.Close(old)
	w.Close()
	var b bytes.Buffer
	b.ReadFrom(r)
	r.Close()
	return b.String()
}

// What the workload says, and what of it the manager hears, under both kinds of readiness.
func TestPassedOn(t *testing.T) {
	for _, c := range []struct {
		contract Contract
		says     []string
		heard    []string
		logged   []string
	}{
		{Contract{Ready: true, ReadyFD: -1}, []string{"READY=1\nSTATUS=up\x1b", "STATUS=later", "READY=1"}, []string{"READY=1\nSTATUS=up\\x1b", "STATUS=later", "READY=1"}, nil},
		{Contract{ReadyFD: -1}, []string{"READY=1", "READY=1\nSTATUS=x"}, []string{"READY=1", "STATUS=x"}, []string{"READY"}},
		{Contract{ReadyFD: -1}, []string{"RELOADING=1\nMONOTONIC_USEC=5", "READY=1", "READY=1"}, []string{"READY=1", "RELOADING=1\nMONOTONIC_USEC=5", "READY=1"}, []string{"READY"}},
		{Contract{ReadyFD: -1}, []string{"WATCHDOG=1", "STOPPING=1"}, []string{"READY=1", "STOPPING=1"}, []string{"WATCHDOG"}},
		{Contract{Watchdog: true, ReadyFD: -1}, []string{"WATCHDOG=1", "WATCHDOG=trigger"}, []string{"READY=1", "WATCHDOG=1", "WATCHDOG=trigger"}, nil},
		{Contract{Ready: true, ReadyFD: -1}, []string{"MAINPID=1", "MAINPID=2\nREADY=1", "FDSTORE=1\nFDNAME=a", "X=1", "Y=1"}, []string{"READY=1"}, []string{"MAINPID", "FDSTORE", "FDNAME", "a key that"}},
		{Contract{Ready: true, ReadyFD: -1}, []string{"READY=1\x00", "\xff", strings.Repeat("x", 5000), "BARRIER=1", "READY=1"}, []string{"READY=1"}, []string{"no message"}},
	} {
		k := keeps(t, c.contract)
		log := said(t, func() {
			k.supervised()
			for _, s := range c.says {
				k.says(t, s)
			}
			for _, want := range c.heard {
				if got := heardBy(t, k.service); got != want {
					t.Errorf("%q: the manager hears %q, not %q", c.says, got, want)
				}
			}
			if got := k.ends(t); got != "137 <nil>" {
				t.Errorf("%q: %s", c.says, got)
			}
		})
		if err := letter("END=1"); err != nil {
			t.Fatal(err)
		}
		if got := heardBy(t, k.service); got != "END=1" {
			t.Errorf("%q: the manager hears more: %q", c.says, got)
		}
		if n := strings.Count(log, "said once"); n != len(c.logged) {
			t.Errorf("%q: logged %q", c.says, log)
		}
		for _, want := range c.logged {
			if !strings.Contains(log, want) {
				t.Errorf("%q: logged %q, not %s", c.says, log, want)
			}
		}
	}
}

// A barrier reaches the manager behind all that was said before, with its descriptor, of
// which the shim keeps none.
func TestBarrier(t *testing.T) {
	k := keeps(t, Contract{Ready: true, ReadyFD: -1})
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	k.says(t, "READY=1")
	k.says(t, "BARRIER=1", pipe[1])
	unix.Close(pipe[1])
	k.supervised()
	if got := heardBy(t, k.service); got != "READY=1" {
		t.Fatal(got)
	}
	b, oob := make([]byte, 64), make([]byte, 64)
	n, size, flags, _, err := k.service.ReadMsgUnix(b, oob)
	if err != nil || string(b[:n]) != "BARRIER=1" || flags&unix.MSG_CTRUNC != 0 {
		t.Fatalf("%q, %v", b[:n], err)
	}
	fd, _ := read(oob[:size])
	if fd < 0 {
		t.Fatal("no descriptor")
	}
	if hungUp(pipe[0], 50) {
		t.Error("it is passed before the manager closes it")
	}
	unix.Close(fd)
	if !hungUp(pipe[0], 10_000) {
		t.Error("somebody keeps it")
	}
	k.ends(t)
}

func hungUp(fd, limit int) bool {
	n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd)}}, limit)
	return n == 1
}

// A barrier to a manager that does not notify at all is passed at once.
func TestBarrierWithoutAManager(t *testing.T) {
	k := keeps(t, Contract{Ready: true, ReadyFD: -1})
	k.manager.name = ""
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	k.says(t, "BARRIER=1", pipe[1])
	unix.Close(pipe[1])
	k.supervised()
	if !hungUp(pipe[0], 10_000) {
		t.Error("it is not passed")
	}
	unix.Close(pipe[0])
	k.ends(t)
}

// Descriptors that come with anything else, or more than one, stay with nobody.
func TestFloodOfDescriptors(t *testing.T) {
	k := keeps(t, Contract{Ready: true, ReadyFD: -1})
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	said(t, func() {
		k.supervised()
		for _, n := range []int{1, 2, 3, 100, 253} {
			fds := make([]int, n)
			for i := range fds {
				fds[i] = pipe[1]
			}
			k.says(t, "STATUS=with descriptors", fds...)
			if n > 1 {
				k.says(t, "BARRIER=1", fds...)
			}
		}
		k.says(t, "READY=1")
		if got := heardBy(t, k.service); got != "READY=1" {
			t.Errorf("the manager hears %q", got)
		}
	})
	unix.Close(pipe[1])
	if !hungUp(pipe[0], 10_000) {
		t.Error("some descriptor is still open")
	}
	k.ends(t)
}

// A barrier with something else than a pipe is a trap for whoever closes it: nothing of
// that workload is heard any more, and the rest goes on.
func TestTrap(t *testing.T) {
	file, err := os.Open("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	k := keeps(t, Contract{Ready: true, ReadyFD: -1})
	log := said(t, func() {
		k.says(t, "READY=1")
		k.says(t, "BARRIER=1", int(file.Fd()))
		k.says(t, "STATUS=more")
		k.supervised()
		if got := heardBy(t, k.service); got != "READY=1" {
			t.Errorf("the manager hears %q", got)
		}
		if got := k.ends(t); got != "137 <nil>" {
			t.Error(got)
		}
	})
	if err := letter("END=1"); err != nil {
		t.Fatal(err)
	}
	if got := heardBy(t, k.service); got != "END=1" {
		t.Errorf("the manager hears more: %q", got)
	}
	if !strings.Contains(log, "something else than a pipe") {
		t.Errorf("logged %q", log)
	}
}

// A workload that never stops talking is taken at its rate, and the end gets through.
func TestFlood(t *testing.T) {
	k := keeps(t, Contract{Ready: true, ReadyFD: -1})
	done, stop := make(chan int), make(chan bool)
	go func() {
		fd, _ := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		defer unix.Close(fd)
		for n := 0; ; {
			select {
			case <-stop:
				done <- n
				return
			default:
			}
			if unix.Sendto(fd, []byte("STATUS=again"), 0, &unix.SockaddrUnix{Name: k.path}) == nil {
				n++
			} else {
				time.Sleep(time.Millisecond)
			}
		}
	}()
	go func() {
		b := make([]byte, 100)
		for {
			if _, err := k.service.Read(b); err != nil {
				return
			}
		}
	}()
	start := time.Now()
	log := said(t, func() {
		k.supervised()
		time.Sleep(300 * time.Millisecond)
		if got := k.ends(t); got != "137 <nil>" {
			t.Error(got)
		}
	})
	close(stop)
	// What waits in the queue (net.unix.max_dgram_qlen, 10 or 512) was sent and not taken.
	if n, most := <-done, 2*burst+int(time.Since(start)/interval)+600; n > most {
		t.Errorf("%d messages taken, more than %d", n, most)
	}
	if !strings.Contains(log, "ended before it said that it is ready") {
		t.Errorf("logged %q", log)
	}
}

// Who ends before READY=1 is said to have; where the execve counts, nobody has.
func TestEndsBeforeReady(t *testing.T) {
	for _, ready := range []bool{true, false} {
		listens(t, t.TempDir()+"/manager")
		c := released(t, "started exit:3")
		c.Keep(Contract{Socket: -1, Ready: ready, ReadyFD: -1})
		log := said(t, func() {
			if code, err := c.Supervise(); code != 3 || err != nil {
				t.Errorf("%d, %v", code, err)
			}
		})
		if strings.Contains(log, "READY=1") != ready {
			t.Errorf("ready = notify is %t: %q", ready, log)
		}
	}
}

// What was said before the end is passed on after it.
func TestLastWords(t *testing.T) {
	k := keeps(t, Contract{Ready: true, ReadyFD: -1})
	k.says(t, "READY=1")
	k.says(t, "STATUS=bye\nERRNO=5")
	k.send(unix.SIGKILL)
	k.supervised()
	for _, want := range []string{"READY=1", "STATUS=bye\nERRNO=5"} {
		if got := heardBy(t, k.service); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	k.ends(t)
}

// The descriptor of -ready-fd gets one line end at the moment of readiness, and is closed.
func TestReadyFD(t *testing.T) {
	for _, ready := range []bool{false, true} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		fd, err := unix.FcntlInt(w.Fd(), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			t.Fatal(err)
		}
		w.Close()
		k := keeps(t, Contract{Ready: ready, ReadyFD: fd})
		if ready {
			k.says(t, "READY=1")
		}
		k.supervised()
		if got := heardBy(t, k.service); got != "READY=1" {
			t.Error(got)
		}
		var b bytes.Buffer
		r.SetReadDeadline(time.Now().Add(patience))
		if _, err := b.ReadFrom(r); err != nil || b.String() != "\n" {
			t.Errorf("%q, %v", b.String(), err)
		}
		r.Close()
		k.ends(t)
	}
}

// A service answers its watchdog for years: what that takes is memory that is there.
func TestHearingAllocatesNothing(t *testing.T) {
	k := keeps(t, Contract{Ready: true, Watchdog: true, ReadyFD: -1})
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: k.path}); err != nil {
		t.Fatal(err)
	}
	k.says(t, "READY=1")
	raw, err := k.service.File()
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	text, b := []byte("WATCHDOG=1\nSTATUS=answering"), make([]byte, 100)
	hear := func() {
		if some, err := k.hearWorkload(); !some || err != nil {
			t.Fatal(some, err)
		}
		if n, err := unix.Read(int(raw.Fd()), b); n <= 0 || err != nil {
			t.Fatal(n, err)
		}
	}
	hear()
	if n := testing.AllocsPerRun(100, func() {
		unix.Write(fd, text)
		hear()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

package supervise

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// listens listens as a service manager does.
func listens(t *testing.T, name string) *net.UnixConn {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	return c
}

// heard takes one datagram that is there already.
func heardBy(t *testing.T, c *net.UnixConn) string {
	t.Helper()
	b := make([]byte, 100)
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

// letter sends one letter by a connection of its own.
func letter(text string) error {
	m := newManager()
	err := m.tell([]byte(text), -1, true)
	unix.Close(m.fd)
	return err
}

func TestNotify(t *testing.T) {
	for _, name := range []string{t.TempDir() + "/notify", fmt.Sprintf("@casemate-notify-%d", os.Getpid())} {
		c := listens(t, name)
		if err := letter("READY=1"); err != nil {
			t.Fatal(err)
		}
		if got := heardBy(t, c); got != "READY=1" {
			t.Errorf("%s heard %q", name, got)
		}
	}
}

func TestNobodyAsked(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := letter("READY=1"); err != nil {
		t.Error(err)
	}
}

// A manager that asked and cannot be told is an error.
func TestNotifyRefuses(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(dir+"/file", nil, 0o600)
	stream, err := net.Listen("unix", dir+"/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	for name, want := range map[string]error{
		dir + "/gone": unix.ENOENT, dir + "/file": unix.ECONNREFUSED, dir + "/stream": unix.EPROTOTYPE,
		dir + strings.Repeat("/x", 100): unix.EINVAL, "@casemate-nobody": unix.ECONNREFUSED, "vsock:2:1": unix.ENOENT,
	} {
		t.Setenv("NOTIFY_SOCKET", name)
		if err := letter("READY=1"); !errors.Is(err, want) {
			t.Errorf("%s: %v, not %v", name, err, want)
		}
	}
}

// A manager that was started again is found under its old name.
func TestNotifyAnotherManager(t *testing.T) {
	name := t.TempDir() + "/notify"
	first := listens(t, name)
	m := newManager()
	defer func() { unix.Close(m.fd) }()
	if err := m.tell([]byte("STATUS=1"), -1, true); err != nil || heardBy(t, first) != "STATUS=1" {
		t.Fatal(err)
	}
	first.Close()
	os.Remove(name)
	second := listens(t, name)
	if err := m.tell([]byte("STATUS=2"), -1, true); err != nil {
		t.Fatal(err)
	}
	if got := heardBy(t, second); got != "STATUS=2" {
		t.Errorf("it heard %q", got)
	}
}

// stuffed is a manager whose queue is full.
func stuffed(t *testing.T) (*net.UnixConn, int) {
	t.Helper()
	c := listens(t, t.TempDir()+"/notify")
	m := newManager()
	defer func() { unix.Close(m.fd) }()
	for n := range 100_000 {
		if err := m.tell([]byte("X=1"), -1, true); err != nil {
			t.Fatal(err)
		}
		if m.waiting() {
			return c, n
		}
	}
	t.Fatal("its queue has no end")
	return nil, 0
}

// A manager that does not read holds nobody up: signals are heard meanwhile, and after a
// time the launch ends, since the manager would end the service later.
func TestNotifyIsBounded(t *testing.T) {
	defer func(old time.Duration) { notifyTimeout = old }(notifyTimeout)
	notifyTimeout = 200 * time.Millisecond
	stuffed(t)
	c := released(t, "started hang")
	if _, err := c.Supervise(); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("%v", err)
	}
	notifyTimeout = patience
	c = begun(t, "catch ready release started signal")
	if err := errors.Join(c.AwaitExec(), c.ready(), c.Release()); err != nil {
		t.Fatal(err)
	}
	c.arrives(t, unix.SIGUSR1)
	if code, err := c.Supervise(); code != int(unix.SIGUSR1) || err != nil {
		t.Errorf("%d, %v", code, err)
	}
}

// And one that reads later is told then.
func TestNotifyWaits(t *testing.T) {
	conn, n := stuffed(t)
	c := begun(t, "catch ready release started signal")
	if err := errors.Join(c.AwaitExec(), c.ready(), c.Release()); err != nil {
		t.Fatal(err)
	}
	go func() {
		time.Sleep(20 * time.Millisecond)
		b := make([]byte, 100)
		for range n {
			conn.Read(b)
		}
		if k, _ := conn.Read(b); string(b[:k]) == "READY=1" {
			c.send(unix.SIGTERM)
		}
	}()
	if code, err := c.Supervise(); code != int(unix.SIGTERM) || err != nil {
		t.Errorf("%d, %v", code, err)
	}
}

// The manager hears that the service is up when the workload runs, and only then.
func TestReady(t *testing.T) {
	for words, want := range map[string]string{"started exit:0": "READY=1", "execerror:2 exit:127": "nothing"} {
		c := listens(t, t.TempDir()+"/notify")
		p := released(t, words)
		if _, err := p.Supervise(); err != nil {
			t.Error(err)
		}
		if err := letter("nothing"); err != nil { // behind whatever came
			t.Fatal(err)
		}
		if got := heardBy(t, c); got != want {
			t.Errorf("%s: %q", words, got)
		}
	}
}

// A manager that cannot be told would kill the service later; it ends now.
func TestNotReady(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", t.TempDir()+"/gone")
	c := released(t, "started exit:0")
	if _, err := c.Supervise(); !errors.Is(err, unix.ENOENT) {
		t.Errorf("%v", err)
	}
	if err := c.Kill(); err != nil {
		t.Error(err)
	}
}

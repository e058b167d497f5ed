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

// manager listens as a service manager does.
func manager(t *testing.T, name string) *net.UnixConn {
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

func TestNotify(t *testing.T) {
	for _, name := range []string{t.TempDir() + "/notify", fmt.Sprintf("@casemate-notify-%d", os.Getpid())} {
		c := manager(t, name)
		if err := notify("READY=1"); err != nil {
			t.Fatal(err)
		}
		if got := heardBy(t, c); got != "READY=1" {
			t.Errorf("%s heard %q", name, got)
		}
	}
}

func TestNobodyAsked(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := notify("READY=1"); err != nil {
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
		if err := notify("READY=1"); !errors.Is(err, want) {
			t.Errorf("%s: %v, not %v", name, err, want)
		}
	}
}

// A manager that does not read must not hold the shim: it would not hear signals any more.
func TestNotifyIsBounded(t *testing.T) {
	defer func(old time.Duration) { notifyTimeout = old }(notifyTimeout)
	notifyTimeout = 20 * time.Millisecond
	manager(t, t.TempDir()+"/notify")
	for range 100_000 {
		if err := notify("READY=1"); err != nil {
			if !errors.Is(err, unix.EAGAIN) {
				t.Error(err)
			}
			return
		}
	}
	t.Error("its queue has no end")
}

// The manager hears that the service is up when the workload runs, and only then.
func TestReady(t *testing.T) {
	for words, want := range map[string]string{"started exit:0": "READY=1", "execerror:2 exit:127": "nothing"} {
		c := manager(t, t.TempDir()+"/notify")
		p := released(t, words)
		if _, err := p.Supervise(); err != nil {
			t.Error(err)
		}
		if err := notify("nothing"); err != nil { // behind whatever came
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

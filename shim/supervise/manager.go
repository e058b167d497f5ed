package supervise

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// notifyTimeout bounds the wait for a manager that does not read. Signals and the end are
// heard meanwhile. A variable, so that a test need not wait.
var notifyTimeout = 5 * time.Second

// manager is the service manager's socket for sd_notify(3). Nothing here ever waits for
// it: one letter at a time is under way, and the loop waits until it can be sent.
type manager struct {
	name string // "" when nobody has asked
	fd   int    // connected; -1 before the first letter

	text  []byte // under way, when it is not empty
	pass  int    // a descriptor that goes with it, -1 for none
	must  bool   // an error if it cannot be sent: the manager would kill the service later
	until time.Time
}

func newManager() manager { return manager{name: os.Getenv("NOTIFY_SOCKET"), fd: -1, pass: -1} }

// waiting tells whether a letter is under way.
func (m *manager) waiting() bool { return len(m.text) > 0 }

// tell sends a text, with a descriptor unless pass is -1, which is closed in any case. The
// text is not used any more only when waiting says that nothing is under way.
func (m *manager) tell(text []byte, pass int, must bool) error {
	m.text, m.pass, m.must, m.until = text, pass, must, time.Now().Add(notifyTimeout)
	return m.deliver()
}

// deliver sends what is under way, if it can be sent now.
func (m *manager) deliver() error {
	err := m.send()
	if errors.Is(err, unix.EAGAIN) && time.Now().Before(m.until) {
		return nil
	}
	if m.pass >= 0 {
		unix.Close(m.pass)
	}
	must := m.must
	m.text, m.pass, m.must = nil, -1, false
	switch {
	case err == nil:
		return nil
	case must:
		return fmt.Errorf("notify the service manager at %s: %w", m.name, err)
	}
	Say("notify the service manager at %s: %s", m.name, err)
	return nil
}

// send is one attempt, and a second one with a new connection: a manager that was started
// again has another socket under its name.
func (m *manager) send() error {
	if m.name == "" {
		return nil
	}
	for again := m.fd >= 0; ; again = false {
		if err := m.connect(); err != nil {
			return err
		}
		var rights []byte
		if m.pass >= 0 {
			rights = unix.UnixRights(m.pass)
		}
		_, err := unix.SendmsgN(m.fd, m.text, rights, nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
		if err == nil || errors.Is(err, unix.EAGAIN) {
			return err
		}
		if errors.Is(err, unix.EINTR) {
			again = true
			continue
		}
		unix.Close(m.fd)
		m.fd = -1
		if !again {
			return err
		}
	}
}

// connect makes poll(2) tell when the manager's queue has room, which it does for a
// connected socket only.
func (m *manager) connect() error {
	if m.fd >= 0 {
		return nil
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	// x/sys turns a leading @ into the NUL of an abstract socket.
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: m.name}); err != nil {
		unix.Close(fd)
		return err
	}
	m.fd = fd
	return nil
}

// flush waits until what is under way is sent, but not past a time. It is for the end,
// when nothing depends on it any more.
func (m *manager) flush(until time.Time) error {
	m.until, m.must = until, false
	for m.waiting() {
		left := max(0, int(time.Until(m.until).Milliseconds())+1)
		if _, err := unix.Poll([]unix.PollFd{{Fd: int32(m.fd), Events: unix.POLLOUT}}, left); err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("poll: %w", err)
		}
		if err := m.deliver(); err != nil {
			return err
		}
	}
	return nil
}

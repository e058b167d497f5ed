package supervise

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// notifyTimeout bounds the wait for a manager that does not read: meanwhile nobody
// hears signals. A variable, so that a test need not wait.
var notifyTimeout = 5 * time.Second

// notify tells the service manager, sd_notify(3). Without NOTIFY_SOCKET nobody has
// asked. A manager that asked and cannot be told would kill the service at its
// timeout, so that is an error now.
func notify(state string) error {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	defer unix.Close(fd)
	timeout := unix.NsecToTimeval(notifyTimeout.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &timeout); err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	// x/sys turns a leading @ into the NUL of an abstract socket.
	if err := unix.Sendto(fd, []byte(state), unix.MSG_NOSIGNAL, &unix.SockaddrUnix{Name: name}); err != nil {
		return fmt.Errorf("notify the service manager at %s: %w", name, err)
	}
	return nil
}

package facts

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Manager is what the service manager passes to the shim, by its environment.
type Manager struct {
	Listen      []string `json:"listen,omitempty"`        // names of the descriptors from 3 up; sd_listen_fds(3)
	Watchdog    uint64   `json:"watchdog_usec,omitempty"` // sd_watchdog_enabled(3)
	Credentials string   `json:"credentials,omitempty"`   // $CREDENTIALS_DIRECTORY; systemd.exec(5)
	Fault       string   `json:"fault,omitempty"`         // why LISTEN_FDS cannot be believed; Listen is empty then
}

// FirstListen is SD_LISTEN_FDS_START.
const FirstListen = 3

// maxListen bounds LISTEN_FDS; it is sealed.MaxSockets, a test of internal/launch compares.
const maxListen = 48

// FromManager reads the environment and looks at the descriptors. It comes before
// anything is opened: a number that the manager has promised and not delivered would
// else be that of a file of the shim's.
func FromManager() Manager {
	m := Manager{Watchdog: watchdog()}
	m.Credentials, _ = unix.Getenv("CREDENTIALS_DIRECTORY")
	var err error
	if m.Listen, err = listen(); err != nil {
		m.Listen, m.Fault = nil, err.Error()
	}
	return m
}

// ours tells whether a variable holds this process's number. What is meant for another
// process, a parent that did not take its variables out of the environment, is not ours.
func ours(name string) (same, set bool) {
	text, set := unix.Getenv(name)
	pid, ok := number(text, 1<<31)
	return ok && pid == uint64(unix.Getpid()), set
}

// number is a decimal number below a limit in its one spelling.
func number(text string, limit uint64) (uint64, bool) {
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil && n < limit && strconv.FormatUint(n, 10) == text
}

// watchdog is WATCHDOG_USEC, if it is set and for us; WATCHDOG_PID need not be set.
func watchdog() uint64 {
	text, _ := unix.Getenv("WATCHDOG_USEC")
	usec, ok := number(text, 1<<63)
	if same, set := ours("WATCHDOG_PID"); !ok || set && !same {
		return 0
	}
	return usec
}

// listen gives the names of the descriptors that are passed: as many as LISTEN_FDS says.
func listen() ([]string, error) {
	text, set := unix.Getenv("LISTEN_FDS")
	if same, _ := ours("LISTEN_PID"); !set || !same {
		return nil, nil
	}
	n, ok := number(text, 1<<31)
	if !ok {
		return nil, fmt.Errorf("LISTEN_FDS is %.20q, no number", text)
	}
	if n > maxListen {
		return nil, fmt.Errorf("LISTEN_FDS is %d; at most %d descriptors can be passed", n, maxListen)
	}
	names, err := listenNames(int(n))
	for i := range names {
		if err == nil {
			err = passable(FirstListen+i, names[i])
		}
	}
	return names, err
}

// listenNames splits LISTEN_FDNAMES. Without it all have the name that
// sd_listen_fds_with_names(3) gives them.
func listenNames(n int) ([]string, error) {
	text, set := unix.Getenv("LISTEN_FDNAMES")
	if n == 0 && text == "" {
		return nil, nil
	}
	names := strings.Split(text, ":")
	if !set {
		names = strings.Split(strings.Repeat(":unknown", n)[1:], ":")
	}
	if len(names) != n {
		return nil, fmt.Errorf("LISTEN_FDNAMES has %d names for %d descriptors", len(names), n)
	}
	for _, name := range names {
		if name == "" || len(name) > 255 || strings.IndexFunc(name, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
			return nil, fmt.Errorf("LISTEN_FDNAMES has the bad name %.40q", name)
		}
	}
	return names, nil
}

// passable refuses a descriptor through which a workload would reach more than what is
// sent through it: a directory of the host is the way out of CVE-2024-21626, O_PATH of a
// socket is a path of the host, a device takes ioctl(2).
func passable(fd int, name string) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return fmt.Errorf("descriptor %d (%s) is not open", fd, name)
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return fmt.Errorf("descriptor %d (%s): %w", fd, name, err)
	}
	if kind := st.Mode & unix.S_IFMT; kind != unix.S_IFSOCK && kind != unix.S_IFIFO || flags&unix.O_PATH != 0 {
		return fmt.Errorf("descriptor %d (%s) is neither a socket nor a FIFO (mode %#o)", fd, name, st.Mode)
	}
	return nil
}

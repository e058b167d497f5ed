package main

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// What Landlock forbids besides what modes of files and mounts do.
func init() {
	for name, f := range map[string]func(string) error{
		"truncate": func(p string) error { return unix.Truncate(p, 0) },
		"mkfifo":   func(p string) error { return made(unix.Mkfifo(p, 0o600), p) },
		"mksocket": bindPath,
		"rename":   rename, // FROM,TO, and back
		"ioctl":    terminalAttributes,
		"reopen":   func(fd string) error { return openWrite("/proc/self/fd/" + fd) },
		"bind":     func(port string) error { return tcp(port, 0, unix.Bind) },
		"connect":  func(port string) error { return tcp(port, 0, unix.Connect) }, // ECONNREFUSED: nobody listens
		"mptcp":    func(port string) error { return tcp(port, unix.IPPROTO_MPTCP, unix.Bind) },
		"abstract": abstract,
		"stranger": signalStranger, // sends no signal to the process of that name, when it comes
	} {
		attempts[name] = f
	}
}

func made(err error, path string) error {
	if err == nil {
		err = unix.Unlink(path)
	}
	return err
}

func bindPath(path string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return made(unix.Bind(fd, &unix.SockaddrUnix{Name: path}), path)
}

func rename(paths string) error {
	from, to, _ := strings.Cut(paths, ",")
	if err := unix.Rename(from, to); err != nil {
		return err
	}
	return unix.Rename(to, from)
}

// terminalAttributes asks a device for what only a terminal has: ENOTTY from all others.
func terminalAttributes(path string) error {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return errors.New("open: " + err.Error())
	}
	defer unix.Close(fd)
	_, err = unix.IoctlGetTermios(fd, unix.TCGETS)
	return err
}

func tcp(port string, protocol int, f func(int, unix.Sockaddr) error) error {
	return withNumber(port, func(n int) error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, protocol)
		if err != nil {
			return errors.New("socket: " + err.Error())
		}
		defer unix.Close(fd)
		return f(fd, &unix.SockaddrInet4{Port: n, Addr: [4]byte{127, 0, 0, 1}})
	})
}

func abstract(name string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return errors.New("socket: " + err.Error())
	}
	defer unix.Close(fd)
	return unix.Connect(fd, &unix.SockaddrUnix{Name: "@" + name})
}

func signalStranger(name string) error {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		all, err := names("/proc")
		if err != nil {
			return err
		}
		for _, n := range all {
			if comm, err := os.ReadFile("/proc/" + n + "/comm"); err == nil && strings.TrimSpace(string(comm)) == name {
				pid, _ := strconv.Atoi(n)
				return unix.Kill(pid, 0)
			}
		}
	}
	return errors.New("nobody came")
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// contract prints what has come from the service manager, a line for each thing, and then
// does what its arguments say:
//
//	KEY=VALUE   sends such a message, in which \n and \x1b are what they are in Go, to
//	            NOTIFY_SOCKET, and prints "sent" or the error
//	barrier     sd_notify_barrier(3); prints "passed" when the manager has read all before
//	fds:N:TEXT  sends a message with N descriptors
//	accept      answers one connection on descriptor 3
//	wait        prints "ready" and sleeps until it is killed
func contract(args []string) int {
	for _, e := range os.Environ() {
		fmt.Println("env", e)
	}
	fmt.Println("pid", os.Getpid())
	for _, fd := range descriptors() {
		to, _ := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
		if !strings.HasPrefix(to, "anon_inode:[event") { // the Go runtime's own
			fmt.Println("fd", fd, to)
		}
	}
	secrets(os.Getenv("CREDENTIALS_DIRECTORY"))
	for _, a := range args {
		fmt.Println(act(a))
	}
	return 0
}

// descriptors are the open ones: of the listing's own nothing is left when it is asked.
func descriptors() (open []int) {
	for fd := range 1024 {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			open = append(open, fd)
		}
	}
	return open
}

func secrets(dir string) {
	if dir == "" {
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		fmt.Println("credentials:", err)
	}
	for _, e := range entries {
		var st unix.Stat_t
		path := filepath.Join(dir, e.Name())
		text, err := os.ReadFile(path)
		unix.Stat(path, &st)
		fmt.Printf("credential %s %04o %d %q %v\n", e.Name(), st.Mode&0o7777, st.Uid, text, err)
		fmt.Println("write", os.WriteFile(path, []byte("x"), 0o600) != nil, os.Chmod(path, 0o600) != nil, os.Remove(path) != nil)
	}
}

func act(what string) string {
	name, rest, _ := strings.Cut(what, ":")
	switch name {
	case "barrier":
		return barrier()
	case "fds":
		count, text, _ := strings.Cut(rest, ":")
		n, _ := strconv.Atoi(count)
		return notify(text, slices.Repeat([]int{0}, n))
	case "accept":
		return accept()
	case "wait":
		fmt.Println("ready")
		for {
			time.Sleep(time.Hour)
		}
	}
	return notify(what, nil)
}

func notify(text string, fds []int) string {
	text, err := strconv.Unquote(`"` + text + `"`) // a policy has no control characters
	if err != nil {
		return err.Error()
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err.Error()
	}
	defer unix.Close(fd)
	var rights []byte
	if len(fds) != 0 {
		rights = unix.UnixRights(fds...)
	}
	if err := unix.Sendmsg(fd, []byte(text), rights, &unix.SockaddrUnix{Name: os.Getenv("NOTIFY_SOCKET")}, 0); err != nil {
		return err.Error()
	}
	return "sent"
}

func barrier() string {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return err.Error()
	}
	sent := notify("BARRIER=1", p[1:])
	unix.Close(p[1])
	if n, err := unix.Poll([]unix.PollFd{{Fd: int32(p[0])}}, 20_000); n != 1 || err != nil {
		return fmt.Sprint(sent, ", and nobody closes it: ", n, err)
	}
	return "passed"
}

func accept() string {
	fd, _, err := unix.Accept(3)
	if err != nil {
		return err.Error()
	}
	defer unix.Close(fd)
	if _, err := unix.Write(fd, []byte("hello from inside\n")); err != nil {
		return err.Error()
	}
	return "answered"
}

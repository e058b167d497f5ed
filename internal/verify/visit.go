package verify

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// visit looks at what shows only from inside: the name of the host in a UTS namespace and
// the loopback interface in a network namespace. The calling thread, which is locked,
// goes there (setns(2) with a pidfd, Linux 5.8) and comes back. Other threads stay where
// they are; and the Go runtime starts none from a locked thread.
func (r *reader) visit(t Target) {
	flags := t.Policy.Namespaces.New & (unix.CLONE_NEWUTS | unix.CLONE_NEWNET)
	if flags == 0 {
		return
	}
	name, loopback, err := inside(t.PID, r.own, int(flags))
	r.fail("namespaces from inside", err)
	if flags&unix.CLONE_NEWUTS != 0 {
		r.add("hostname", "", t.Policy.Namespaces.Hostname, name)
	}
	if flags&unix.CLONE_NEWNET != 0 {
		r.add("loopback", "", "up", loopback)
	}
}

func inside(pid int, own *proc, flags int) (name, loopback string, err error) {
	there, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return "", "", fmt.Errorf("pidfd_open: %w", err)
	}
	defer unix.Close(there)
	var home []int
	for _, n := range namespaces {
		if n.flag&uint64(flags) == 0 {
			continue
		}
		fd, err := unix.Openat(own.dir, "ns/"+n.name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return "", "", fmt.Errorf("open the shim's own %s namespace: %w", n.name, err)
		}
		defer unix.Close(fd)
		home = append(home, fd)
	}
	if err := unix.Setns(there, flags); err != nil {
		return "", "", fmt.Errorf("setns: %w", err)
	}
	// From here on the way back comes before anything else.
	var u unix.Utsname
	unameErr := unix.Uname(&u)
	loopback, err = interfaceState("lo", flags)
	for _, fd := range home {
		err = errors.Join(err, unix.Setns(fd, 0))
	}
	return unix.ByteSliceToString(u.Nodename[:]), loopback, errors.Join(err, unameErr)
}

// interfaceState asks the network namespace of the caller (netdevice(7)).
func interfaceState(name string, flags int) (string, error) {
	if flags&unix.CLONE_NEWNET == 0 {
		return "", nil
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq(name)
	if err != nil {
		return "", err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, request); err != nil {
		return "", fmt.Errorf("SIOCGIFFLAGS: %w", err)
	}
	if request.Uint16()&unix.IFF_UP == 0 {
		return "down", nil
	}
	return "up", nil
}

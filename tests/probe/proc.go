package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// statusKeys are the lines of proc_pid_status(5) that are reported.
var statusKeys = []string{
	"Name", "Umask", "Uid", "Gid", "Groups", "CoreDumping", "THP_enabled", "NoNewPrivs", "Seccomp", "Seccomp_filters",
	"SigQ", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb",
	"Speculation_Store_Bypass", "NSpid", "NSsid", "Cpus_allowed_list", "Threads",
}

// text reads a small file without its last line end.
func text(path string) (string, error) {
	b, err := os.ReadFile(path)
	return strings.TrimRight(string(b), "\n\x00"), err
}

func lines(path string) ([]string, error) {
	s, err := text(path)
	if err != nil || s == "" {
		return []string{}, err
	}
	return strings.Split(s, "\n"), nil
}

func status(path string) (map[string]string, error) {
	all, err := lines(path)
	found := map[string]string{}
	for _, l := range all {
		key, value, _ := strings.Cut(l, ":")
		for _, k := range statusKeys {
			if key == k {
				found[key] = strings.Join(strings.Fields(value), " ")
			}
		}
	}
	return found, err
}

// limits reads the table of proc_pid_limits(5), whose columns have fixed widths:
// the name 26, soft and hard 21 each. The Go runtime raises the soft limit of open
// files to the hard one before main, so that only the hard one is what was given.
func limits(path string) (map[string][2]string, error) {
	all, err := lines(path)
	found := map[string][2]string{}
	for _, l := range all[min(1, len(all)):] {
		if len(l) < 26 {
			continue
		}
		if f := strings.Fields(l[26:]); len(f) >= 2 {
			found[strings.TrimSpace(l[:26])] = [2]string{f[0], f[1]}
		}
	}
	return found, err
}

// links reads the symbolic links of a directory.
func links(dir string) (map[string]string, error) {
	all, err := names(dir)
	found := map[string]string{}
	for _, name := range all {
		target, err := os.Readlink(filepath.Join(dir, name))
		if err != nil {
			target = outcome(err)
		}
		found[name] = target
	}
	return found, err
}

// inherited lists the descriptors that the exec has left open. The Go runtime opens
// some of its own, all of them close-on-exec; what came through an exec is not.
func inherited(dir string) ([]FD, error) {
	found := []FD{}
	all, err := links(dir)
	for fd := range 1 << 16 { // in order of numbers
		target, ok := all[strconv.Itoa(fd)]
		if !ok {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			found = append(found, FD{fd, target})
		}
	}
	return found, err
}

// Interface is a network interface and its flags, netdevice(7).
type Interface struct {
	Name     string `json:"name"`
	Up       bool   `json:"up"`
	Loopback bool   `json:"loopback"`
	Flags    string `json:"flags"` // or the errno, where they could not be read
}

// interfaces takes the names from proc_pid_net(5) and the flags from an ioctl on a
// socket of a family that most filters allow.
func interfaces(path string) ([]Interface, error) {
	all, err := lines(path)
	found := []Interface{}
	for _, l := range all[min(2, len(all)):] {
		name, _, _ := strings.Cut(strings.TrimSpace(l), ":")
		i := Interface{Name: name}
		if flags, err := flagsOf(name); err != nil {
			i.Flags = outcome(err)
		} else {
			i.Up, i.Loopback = flags&unix.IFF_UP != 0, flags&unix.IFF_LOOPBACK != 0
			i.Flags = "0x" + strconv.FormatUint(uint64(flags), 16)
		}
		found = append(found, i)
	}
	return found, err
}

func flagsOf(name string) (uint16, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	r, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	err = unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, r)
	return r.Uint16(), err
}

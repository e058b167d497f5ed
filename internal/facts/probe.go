package facts

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"runtime"
	"strings"

	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// Probe asks the kernel. paths are the default masked and read-only paths of which
// it should say whether they exist in the file systems of view. Every question has
// one answer; a question that cannot be asked is an error, never a guess.
func Probe(view View, paths []string) (*Facts, error) {
	f := &Facts{Arch: runtime.GOARCH, Paths: make(map[string]string, len(paths))}
	for _, step := range []func(*Facts) error{kernel, capabilities, view.namespaces, actions, view.hidden, keyrings, descriptors, modules, labels, landlock, view.process, cgroup2} {
		if err := step(f); err != nil {
			return nil, err
		}
	}
	for _, p := range paths {
		kind, err := view.kindOf(p)
		if err != nil {
			return nil, err
		}
		if kind != "" {
			f.Paths[p] = kind
		}
	}
	return f, nil
}

func kernel(f *Facts) error {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return fmt.Errorf("uname: %w", err)
	}
	f.Kernel = unix.ByteSliceToString(u.Release[:])
	return nil
}

// capabilities asks the kernel itself, not /proc: PR_CAPBSET_READ answers EINVAL for
// the first number behind the last capability (prctl(2)).
func capabilities(f *Facts) error {
	for n := 0; n < 64; n++ {
		in, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(n), 0, 0, 0)
		if errors.Is(err, unix.EINVAL) && n > 0 {
			break
		}
		if err != nil {
			return fmt.Errorf("prctl(PR_CAPBSET_READ, %d): %w", n, err)
		}
		f.CapLast = uint8(n)
		f.CapBound |= Mask(in) << n
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return fmt.Errorf("capget: %w", err)
	}
	f.CapPermit = Mask(data[1].Permitted)<<32 | Mask(data[0].Permitted)
	return nil
}

// Field finds a field of a /proc/PID/status, proc_pid_status(5).
func Field(status []byte, name string) (string, bool) {
	n := len(name)
	for line, rest := []byte(nil), status; len(rest) != 0; {
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if len(line) > n && line[n] == ':' && string(line[:n]) == name {
			return string(bytes.TrimSpace(line[n+1:])), true
		}
	}
	return "", false
}

// namespaces lists what /proc/self/ns has; a kernel without CONFIG_NAMESPACES has none.
// In a private view the same entries are then there for the verification to read.
func (v View) namespaces(f *Facts) error {
	dir, ns := v.place("/proc/self/ns")
	fd, err := unix.Openat(dir, ns, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open /proc/self/ns: %w", err)
	}
	defer unix.Close(fd)
	for _, name := range [...]string{"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"} {
		var st unix.Stat_t
		switch err := unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); {
		case err == nil:
			f.Namespaces = append(f.Namespaces, name)
		case !errors.Is(err, unix.ENOENT):
			return fmt.Errorf("/proc/self/ns/%s: %w", name, err)
		}
	}
	return nil
}

// descriptors finds the host's null device (null(4), 1:3) among those that the workload
// gets. The service manager's default for standard input is one. A directory, or a path
// without access to it, would be a way into the host's files, and is refused.
func descriptors(f *Facts) error {
	for fd := range 3 {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return fmt.Errorf("fstat %d: %w", fd, err)
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err != nil {
			return fmt.Errorf("fcntl %d: %w", fd, err)
		}
		if st.Mode&unix.S_IFMT == unix.S_IFDIR || flags&unix.O_PATH != 0 {
			return fmt.Errorf("descriptor %d is a directory or path of the host, which the workload would get", fd)
		}
		if st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == unix.Mkdev(1, 3) {
			f.Null = append(f.Null, fd)
		}
	}
	return nil
}

func actions(f *Facts) error {
	line, err := readLine("/proc/sys/kernel/seccomp/actions_avail")
	if errors.Is(err, unix.ENOENT) {
		return nil // a kernel without seccomp: every policy finds it lacking
	}
	f.Seccomp = strings.Fields(line)
	return err
}

// keyrings asks for a keyring that every process has in some form; only a kernel
// without CONFIG_KEYS answers ENOSYS.
func keyrings(f *Facts) error {
	_, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false)
	f.Keyrings = !errors.Is(err, unix.ENOSYS)
	return nil
}

// landlock asks for the version of its ABI, which is how landlock(7) says to find out.
func landlock(f *Facts) error {
	abi, err := sys.LandlockABI()
	if err != nil {
		return fmt.Errorf("landlock_create_ruleset: %w", err)
	}
	f.Landlock = abi
	return nil
}

// cgroup2 finds the version 2 hierarchy in this process's mounts: at /sys/fs/cgroup,
// or beside version 1 at /sys/fs/cgroup/unified.
func cgroup2(f *Facts) error {
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var st unix.Statfs_t
		if err := unix.Statfs(dir, &st); err == nil && st.Type == unix.CGROUP2_SUPER_MAGIC {
			f.Cgroup.Mount = dir
			break
		}
	}
	if f.Cgroup.Mount == "" {
		return nil
	}
	b, err := ReadAt(unix.AT_FDCWD, "/proc/self/cgroup", 0)
	if err != nil {
		return err
	}
	own, ok := ownCgroup(string(b))
	if !ok {
		return fmt.Errorf("/proc/self/cgroup: own cgroup %q is not inside the hierarchy at %s", own, f.Cgroup.Mount)
	}
	f.Cgroup.Own = own
	line, err := readLine(path.Join(f.Cgroup.Mount, f.Cgroup.Own, "cgroup.controllers"))
	f.Cgroup.Controllers = strings.Fields(line)
	if err != nil {
		return err
	}
	kind, err := readLine(path.Join(f.Cgroup.Mount, f.Cgroup.Own, "cgroup.type"))
	if errors.Is(err, unix.ENOENT) {
		return nil // the root of the hierarchy has none; that of a cgroup namespace has
	}
	if kind != "domain" {
		f.Cgroup.Type = kind
	}
	return err
}

// ownCgroup finds the version 2 line of /proc/self/cgroup. A path that begins with "/.."
// lies outside the cgroup namespace (cgroup_namespaces(7)); it is looked at as it is, for
// path.Clean would take such a beginning away and name another cgroup.
func ownCgroup(text string) (string, bool) {
	for line := range strings.Lines(text) {
		if own, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::"); ok {
			return own, path.Clean(own) == own && path.IsAbs(own)
		}
	}
	return "", false
}

// readLine reads a small one-line file of the kernel.
func readLine(name string) (string, error) {
	b, err := ReadAt(unix.AT_FDCWD, name, 0)
	return strings.TrimSpace(string(b)), err
}

package prepare

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// InitName is what init's copy is called, in /proc/PID/maps and in rules of AppArmor: the
// kernel puts "memfd:" in front of it.
const InitName = "casemate-init"

// InitSeals are on init's copy: neither its bytes nor its length can change, for nobody,
// memfd_create(2).
const InitSeals = OrderSeals

// ErrNoExec says that the host makes no executable memfd.
var ErrNoExec = errors.New("this host makes no executable memfd (vm.memfd_noexec=2?); -init-in-place executes the file itself")

// maxInit bounds a copy. init is 1.4 MiB.
const maxInit = 16 << 20

// label is where SELinux keeps the label of a file, xattr(7).
const label = "security.selinux"

// OpenInit opens init's file, which root owns and nobody else can write, by its own path.
// It can be executed as it is: then its inode and its page cache are the host's.
func OpenInit(path string) (int, error) {
	fd, err := trustedFile("init", path)
	if err != nil {
		return -1, err
	}
	return High(fd)
}

// Init copies init into a sealed memfd for execveat(2). PID 1 of a container has an inode
// and pages that are no other's: what writes to them, which the seals forbid and a bug of
// the kernel's might not (CVE-2022-0847), reaches neither the host's file nor another
// container (CVE-2019-5736). With SELinux the copy has the label of the file, which is
// what makes it an entry point.
func Init(path string, labelled bool) (int, error) {
	from, err := OpenInit(path)
	if err != nil {
		return -1, err
	}
	defer unix.Close(from)
	to, err := executable(InitName)
	if err != nil {
		return -1, fmt.Errorf("copy of init %s: %w", path, err)
	}
	if err := copyInit(from, to, labelled); err != nil {
		unix.Close(to)
		return -1, fmt.Errorf("copy of init %s: %w", path, err)
	}
	return High(to)
}

// executable makes a memfd that can be executed. MFD_EXEC since Linux 6.3, where a host
// with vm.memfd_noexec=1 takes none without it for one, and one with 2 makes none at all.
func executable(name string) (int, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate(name, flags|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) {
		fd, err = unix.MemfdCreate(name, flags)
	}
	switch {
	case errors.Is(err, unix.EACCES):
		return -1, fmt.Errorf("memfd_create: %w: %w", err, ErrNoExec)
	case err != nil:
		return -1, fmt.Errorf("memfd_create: %w", err)
	}
	return fd, nil
}

// copyInit fills, labels and seals.
func copyInit(from, to int, labelled bool) error {
	for size := 0; ; {
		n, err := unix.Sendfile(to, from, nil, maxInit+1-size)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("sendfile: %w", err)
		}
		if size += n; size > maxInit {
			return fmt.Errorf("larger than %d bytes", maxInit)
		}
		if n == 0 {
			break
		}
	}
	// Not readable, for root without capabilities neither: a process whose program it may not
	// read is not dumpable from its execve(2) on, so that no process of the workload's uid on
	// the host looks into init before it says so itself (PR_SET_DUMPABLE, prctl(2)).
	if err := unix.Fchmod(to, 0o111); err != nil {
		return fmt.Errorf("fchmod: %w", err)
	}
	if labelled {
		if err := copyLabel(from, to); err != nil {
			return fmt.Errorf("SELinux label: %w", err)
		}
	}
	if _, err := unix.FcntlInt(uintptr(to), unix.F_ADD_SEALS, InitSeals); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return nil
}

// copyLabel gives a memfd, whose label came from the process that made it, that of a file.
func copyLabel(from, to int) error {
	var room [4096]byte // as long as the kernel's own file of a label can be, proc_pid_attr(5)
	n, err := unix.Fgetxattr(from, label, room[:])
	if err != nil {
		return fmt.Errorf("read that of the file: %w", err)
	}
	if err := unix.Fsetxattr(to, label, room[:n], 0); err != nil {
		return fmt.Errorf("give it %q: %w; the policy must let the shim's domain relabel to it (dist/selinux)", room[:n], err)
	}
	return nil
}

package facts

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// selinuxfs is where the kernel answers for the policy that is loaded.
const selinuxfs = "/sys/fs/selinux"

// The answers about a domain.
const (
	DomainEnforced   = "enforced"
	DomainPermissive = "permissive" // what it may not do is logged and done
	DomainUnknown    = "unknown"    // to the policy that is loaded
)

// Ask fills Domain for the context that a policy names. The mode of the whole system says
// nothing of one domain: "permissive" is said of single ones too (semanage permissive).
func (s *SELinux) Ask(context string) error {
	dir, err := openSELinux()
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	s.Domain = DomainUnknown
	_, err = transact(dir, "context", context)
	if errors.Is(err, unix.EINVAL) {
		return nil
	}
	if err != nil {
		return err
	}
	answer, err := transact(dir, "access", context+" "+context+" 1")
	if err != nil {
		return err
	}
	loose, err := permissive(answer)
	if err != nil {
		return err
	}
	s.Domain = DomainEnforced
	if loose {
		s.Domain = DomainPermissive
	}
	return nil
}

// openSELinux makes sure that it is the kernel's: a directory in its place could say
// anything.
func openSELinux() (int, error) {
	fd, err := unix.Openat2(unix.AT_FDCWD, selinuxfs, &unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS})
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", selinuxfs, err)
	}
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err != nil || st.Type != unix.SELINUX_MAGIC {
		unix.Close(fd)
		return -1, fmt.Errorf("%s is not selinuxfs", selinuxfs)
	}
	return fd, nil
}

// transact writes a question to a file of selinuxfs and reads the answer from the same
// descriptor.
func transact(dir int, name, question string) (string, error) {
	fd, err := unix.Openat(dir, name, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("open %s/%s: %w", selinuxfs, name, err)
	}
	defer unix.Close(fd)
	if _, err := unix.Write(fd, []byte(question)); err != nil {
		return "", fmt.Errorf("%s/%s: %w", selinuxfs, name, err)
	}
	answer := make([]byte, 4096)
	n, err := unix.Read(fd, answer)
	if err != nil {
		return "", fmt.Errorf("%s/%s: %w", selinuxfs, name, err)
	}
	return strings.TrimRight(string(answer[:n]), "\x00\n"), nil
}

// permissive reads the flags of an answer about access: six numbers, of which the last
// has bit 0 for a domain that is permissive (AVD_FLAGS_PERMISSIVE, Linux 2.6.31).
func permissive(answer string) (bool, error) {
	words := strings.Fields(answer)
	if len(words) != 6 {
		return false, fmt.Errorf("%s/access: %q is not understood", selinuxfs, answer)
	}
	flags, err := strconv.ParseUint(words[5], 16, 32)
	if err != nil {
		return false, fmt.Errorf("%s/access: %q is not understood", selinuxfs, answer)
	}
	return flags&1 != 0, nil
}

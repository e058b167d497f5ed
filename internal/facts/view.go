package facts

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// View is where a probe looks for the paths of this kernel's /proc and /sys.
type View struct{ proc, sys int }

// HostView looks where the host has mounted them: good enough to show a plan, and it
// needs no privilege.
func HostView() View { return View{-1, -1} }

// PrivateView mounts both anew, detached, as the launch will. What the host has
// mounted over parts of its own /proc and /sys, or left out of them (subset=pid),
// must not decide what is masked: a default mask that was not seen here would be left
// out of the plan, and the path would be readable inside.
func PrivateView() (View, error) {
	proc, err := Detached("proc")
	if err != nil {
		return View{}, err
	}
	sys, err := Detached("sysfs")
	if err != nil {
		unix.Close(proc)
		return View{}, err
	}
	return View{proc, sys}, nil
}

// Proc is the root of the private procfs.
func (v View) Proc() int { return v.proc }

// Close gives the file systems up.
func (v View) Close() {
	unix.Close(v.proc)
	unix.Close(v.sys)
}

// Detached makes a file system that no path leads to, nosuid, nodev and noexec.
func Detached(fstype string, options ...[2]string) (int, error) {
	fs, err := unix.Fsopen(fstype, unix.FSOPEN_CLOEXEC)
	if err == unix.EPERM {
		return -1, fmt.Errorf("fsopen %s: %w; the shim needs CAP_SYS_ADMIN, in the initial user namespace", fstype, err)
	}
	if err != nil {
		return -1, fmt.Errorf("fsopen %s: %w", fstype, err)
	}
	defer unix.Close(fs)
	for _, o := range options {
		if err := unix.FsconfigSetString(fs, o[0], o[1]); err != nil {
			return -1, fmt.Errorf("fsconfig %s: %s: %w", fstype, o[0], err)
		}
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, fmt.Errorf("fsconfig %s: %w", fstype, err)
	}
	mnt, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
	if err != nil {
		return -1, fmt.Errorf("fsmount %s: %w", fstype, err)
	}
	return mnt, nil
}

// place gives the directory that a path is looked up in, and the path there.
func (v View) place(p string) (int, string) {
	if rest, ok := strings.CutPrefix(p, "/proc/"); ok && v.proc >= 0 {
		return v.proc, rest
	}
	if rest, ok := strings.CutPrefix(p, "/sys/"); ok && v.sys >= 0 {
		return v.sys, rest
	}
	return unix.AT_FDCWD, p
}

// kindOf says what stands at a path of this kernel's /proc or /sys; "" for nothing.
func (v View) kindOf(p string) (string, error) {
	dir, name := v.place(p)
	var st unix.Stat_t
	switch err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW); {
	case errors.Is(err, unix.ENOENT):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("stat %s: %w", p, err)
	case st.Mode&unix.S_IFMT == unix.S_IFDIR:
		return "dir", nil
	case st.Mode&unix.S_IFMT == unix.S_IFLNK:
		return "", fmt.Errorf("%s is a symbolic link; a path of this kernel's own is expected", p)
	}
	return "file", nil
}

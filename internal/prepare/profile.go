package prepare

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"casemate/apparmor"
	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// apparmorfs is where the kernel takes profiles and shows those it has. policy/ is that of
// the AppArmor namespace of who looks.
const apparmorfs = "/sys/kernel/security/apparmor"

// Profile has the kernel know the plan's AppArmor profile, as it was sealed: what is
// loaded under the name already is compared byte for byte, replaced where it differs, and
// what is there in the end is compared once more. All generated names are ours
// (apparmor.ProfileName), and the lock of the state directory keeps others of this service
// away. The profile stays when the service ends.
func Profile(p plan.Profile) error {
	if p.Name == "" {
		return nil
	}
	if err := loadProfile(p); err != nil {
		return fmt.Errorf("AppArmor profile %s: %w", p.Name, err)
	}
	return nil
}

func loadProfile(p plan.Profile) error {
	if err := apparmor.Check(p.Binary, p.Name); err != nil {
		return err
	}
	fs, err := openApparmorfs()
	if err != nil {
		return err
	}
	defer unix.Close(fs)
	same, err := hasProfile(fs, p)
	if same {
		return nil
	}
	file := ".load" // refuses a name that is there
	switch {
	case err == nil:
		file = ".replace"
	case !errors.Is(err, unix.ENOENT):
		return err
	}
	if err := writeProfile(fs, file, p.Binary); err != nil {
		return err
	}
	switch same, err := hasProfile(fs, p); {
	case err != nil:
		return fmt.Errorf("the kernel does not show it after loading: %w", err)
	case !same:
		return errors.New("the kernel has another one after loading")
	}
	return nil
}

// openApparmorfs makes sure that it is the kernel's, not a directory in its place.
func openApparmorfs() (int, error) {
	fd, err := noSymlinks(apparmorfs, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return -1, fmt.Errorf("%s: %w (is securityfs mounted?)", apparmorfs, err)
	}
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err != nil || st.Type != unix.SECURITYFS_MAGIC {
		unix.Close(fd)
		return -1, fmt.Errorf("%s is not securityfs", apparmorfs)
	}
	return fd, nil
}

// hasProfile tells whether the profile that the kernel has under the name is the one
// sealed, in enforce mode. ENOENT: it has none. The directory of a profile is its name
// with a number behind it; the newest is the one in force.
func hasProfile(fs int, p plan.Profile) (bool, error) {
	dir, err := findProfile(fs, p.Name)
	if err != nil {
		return false, err
	}
	mode, err := readUpTo(fs, dir+"/mode", 64)
	if err != nil {
		return false, err
	}
	// CONFIG_SECURITY_APPARMOR_EXPORT_BINARY, which all distributions have.
	raw, err := readUpTo(fs, dir+"/raw_data", len(p.Binary)+1)
	if err != nil {
		return false, fmt.Errorf("what is loaded cannot be compared: %w (CONFIG_SECURITY_APPARMOR_EXPORT_BINARY)", err)
	}
	return string(mode) == "enforce\n" && bytes.Equal(raw, p.Binary), nil
}

// findProfile gives the path of the profile's directory.
func findProfile(fs int, name string) (string, error) {
	const all = "policy/profiles"
	fd, err := unix.Openat(fs, all, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("%s/%s: %w", apparmorfs, all, err)
	}
	defer unix.Close(fd)
	buf := make([]byte, 8<<10)
	for {
		n, err := unix.Getdents(fd, buf)
		if err != nil {
			return "", fmt.Errorf("%s/%s: %w", apparmorfs, all, err)
		}
		if n == 0 {
			return "", unix.ENOENT
		}
		_, _, entries := unix.ParseDirent(buf[:n], -1, nil)
		for _, e := range entries {
			if number, ok := strings.CutPrefix(e, name+"."); ok && isNumber(number) {
				return all + "/" + e, nil
			}
		}
	}
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// readUpTo reads at most n bytes of a file.
func readUpTo(dir int, name string, n int) ([]byte, error) {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer unix.Close(fd)
	b := make([]byte, n)
	got, err := readInto(fd, b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b[:got], nil
}

// writeProfile hands the binary over, in the one write that the kernel takes.
func writeProfile(fs int, file string, b []byte) error {
	fd, err := unix.Openat(fs, file, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s/%s: %w", apparmorfs, file, err)
	}
	defer unix.Close(fd)
	n, err := unix.Write(fd, b)
	switch {
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("load: %w; loading is locked, or the shim lacks CAP_MAC_ADMIN", err)
	case errors.Is(err, unix.EPROTO), errors.Is(err, unix.EPROTONOSUPPORT):
		return fmt.Errorf("load: %w; this kernel cannot read its form", err)
	case err != nil:
		return fmt.Errorf("load: %w", err)
	case n != len(b):
		return fmt.Errorf("load: %d of %d bytes were taken", n, len(b))
	}
	return nil
}

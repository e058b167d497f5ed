package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"casemate/policy/compile"

	"golang.org/x/sys/unix"
)

// installed is where the package puts the shim; see the Makefile.
const installed = "/usr/lib/casemate/casemate-shim"

// runRun compiles a policy and becomes the shim that launches it, for a person at a
// terminal. The sealed policy is in a memfd: nothing is left behind, and nobody can
// change it on the way.
func runRun(flags *flag.FlagSet, args []string) error {
	shim := flags.String("shim", "", "")
	options := accountFlags(flags)
	if err := parse(flags, args); err != nil {
		return err
	}
	path, extra, err := beforeDashes(flags.Args())
	if err != nil {
		return err
	}
	if *shim == "" {
		if *shim, err = besideTool(); err != nil {
			return err
		}
	}
	fd, err := sealedMemfd(path, *options)
	if err != nil {
		return err
	}
	argv := append([]string{"casemate-shim", "run", "-fd", strconv.Itoa(fd), "--"}, extra...)
	return fmt.Errorf("exec %s: %w", *shim, unix.Exec(*shim, argv, os.Environ()))
}

// beforeDashes splits "POLICY.toml [-- arguments]".
func beforeDashes(args []string) (string, []string, error) {
	switch {
	case len(args) == 0:
		return "", nil, usagef("run: name a policy")
	case len(args) == 1:
		return args[0], nil, nil
	case args[1] != "--":
		return "", nil, usagef("run: arguments of the workload come after --: %q", args[1])
	}
	return args[0], args[2:], nil
}

// besideTool finds the shim: in a checkout it lies beside the tool.
func besideTool() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	for _, p := range []string{filepath.Join(filepath.Dir(self), "casemate-shim"), installed} {
		if _, err := os.Stat(p); err == nil {
			return p, nil
		}
	}
	return "", errors.New("casemate-shim is neither beside this program nor at " + installed + "; name it with --shim")
}

// sealedMemfd compiles into a descriptor that the shim accepts: root's, writable by
// nobody, and sealed. It survives the exec.
func sealedMemfd(path string, o compile.Options) (int, error) {
	b, err := seal(path, o, nil)
	if err != nil {
		return -1, err
	}
	fd, err := unix.MemfdCreate("casemate-policy", unix.MFD_ALLOW_SEALING|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3
		fd, err = unix.MemfdCreate("casemate-policy", unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return -1, fmt.Errorf("memfd_create: %w", err)
	}
	if _, err := unix.Pwrite(fd, b, 0); err != nil {
		return -1, fmt.Errorf("write the policy to a memfd: %w", err)
	}
	_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SEAL|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE)
	if err := errors.Join(err, unix.Fchmod(fd, 0o400)); err != nil {
		return -1, fmt.Errorf("seal the policy: %w", err)
	}
	return fd, nil
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"casemate/internal/exit"
	"casemate/internal/prepare"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// readPolicy opens, checks and decodes the sealed policy. It is opened once, without
// following a symbolic link, and everything is asked of that one descriptor: what was
// checked is what is read.
func readPolicy(o options) (*sealed.File, error) {
	name := o.policy
	fd := o.fd
	if fd < 0 {
		var err error
		// O_NONBLOCK: a FIFO in place of the file must not hold the boot up.
		fd, err = unix.Open(name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if errors.Is(err, unix.ELOOP) {
			err = errors.New("is a symbolic link")
		}
		if err != nil {
			return nil, refuse(name, err)
		}
	} else {
		name = fmt.Sprintf("descriptor %d", fd)
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	b, err := readTrusted(f, sealed.MaxSize)
	if err != nil {
		return nil, refuse(name, err)
	}
	file, err := sealed.Decode(b)
	if err != nil {
		return nil, refuse(name, err)
	}
	if err := demandSignature(file, o.keys); err != nil {
		return nil, refuse(name, err)
	}
	return file, nil
}

func refuse(name string, err error) error {
	return exit.Wrap(exit.Usage, fmt.Errorf("policy %s: %w", name, err))
}

// readTrusted reads a file that only root can write.
func readTrusted(f *os.File, limit int64) ([]byte, error) {
	if err := prepare.Trusted(int(f.Fd())); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("larger than %d bytes", limit)
	}
	return b, err
}

// maxKeys bounds the trusted-keys file.
const maxKeys = 64 << 10

// demandSignature verifies the signature when keys are configured: named on the
// command line, or by the existence of the default file.
func demandSignature(file *sealed.File, name string) error {
	given := name != ""
	if !given {
		name = trustedKeys
	}
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) && !given {
		return nil
	}
	if err != nil {
		return fmt.Errorf("trusted keys: %w", err)
	}
	defer f.Close()
	b, err := readTrusted(f, maxKeys)
	if err != nil {
		return fmt.Errorf("trusted keys %s: %w", name, err)
	}
	keys, err := sealed.ParsePublicKeys(b)
	if err != nil {
		return fmt.Errorf("trusted keys %s: %w", name, err)
	}
	return file.Verify(keys)
}

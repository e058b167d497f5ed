package main

import (
	"errors"
	"fmt"
	"strings"

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
	defer unix.Close(fd)
	b, err := readTrusted(fd, sealed.MaxSize)
	if err != nil {
		return nil, refuse(name, err)
	}
	file, err := sealed.Decode(b)
	if err != nil && strings.HasSuffix(name, ".toml") {
		err = fmt.Errorf("%w; casemate compile makes one of a text", err)
	}
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

// firstRead is as much as a usual policy needs: one read, and another that finds the end.
const firstRead = 32 << 10

// readTrusted reads a file that only root can write. It goes past package os: an os.File
// brings a poller and a finalizer, and io.ReadAll copies, 60 us in all.
func readTrusted(fd, limit int) ([]byte, error) {
	if err := prepare.Trusted(fd); err != nil {
		return nil, err
	}
	b := make([]byte, 0, firstRead)
	for len(b) <= limit {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := unix.Read(fd, b[len(b):cap(b)])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return b, err
		}
		b = b[:len(b)+n]
	}
	return nil, fmt.Errorf("larger than %d bytes", limit)
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
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) && !given {
		return nil
	}
	if err != nil {
		return fmt.Errorf("trusted keys %s: %w", name, err)
	}
	defer unix.Close(fd)
	b, err := readTrusted(fd, maxKeys)
	if err != nil {
		return fmt.Errorf("trusted keys %s: %w", name, err)
	}
	keys, err := sealed.ParsePublicKeys(b)
	if err != nil {
		return fmt.Errorf("trusted keys %s: %w", name, err)
	}
	return file.Verify(keys)
}

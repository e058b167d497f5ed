package prepare

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"casemate/internal/facts"

	"golang.org/x/sys/unix"
)

// Ends is the directory, beside those of running services, that has the last end of each:
// one file, which the next end replaces. A service cannot have its name.
const Ends = ".ended"

// endFile is that of a service.
func endFile(service string) string { return service + ".json" }

// KeepEnd writes the record of an end, and removes the receipt, which it holds: what is left
// of the directory is not taken for a launch that nobody has seen the end of. The record of an
// earlier end goes first: if this one cannot be written, nobody takes that one for it, and where
// the space is short, it is what makes room. The caller holds the lock of the service, and so is
// the only one to write.
func (s *State) KeepEnd(b []byte) error {
	where := path.Join(path.Dir(s.path), Ends)
	if err := unix.Mkdir(where, 0o700); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("mkdir %s: %w", where, err)
	}
	dir, err := noSymlinks(where, unix.O_DIRECTORY)
	if err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	defer unix.Close(dir)
	var st unix.Stat_t
	if err = unix.Fstat(dir, &st); err == nil {
		err = rootsAlone(&st)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	name := endFile(path.Base(s.path))
	unix.Unlinkat(dir, name, 0)       // what cannot be removed is replaced, or said
	unix.Unlinkat(dir, name+aside, 0) // of a shim that was killed while it wrote
	if err := replace(dir, name, b); err != nil {
		return fmt.Errorf("%s/%s: %w", where, name, err)
	}
	if err := unix.Unlinkat(s.dir, Receipt, 0); err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("%s: remove %s: %w", s.path, Receipt, err)
	}
	return nil
}

// Read reads a file of the directory; nil where there is none.
func (s *State) Read(name string) ([]byte, error) {
	b, err := facts.ReadAt(s.dir, name, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS)
	if errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	return b, err
}

// ReadReceipt gives the receipt of a service that runs, or whose shim was killed; nil where
// there is none.
func ReadReceipt(root, service string) ([]byte, error) {
	return readIf(path.Join(root, service, Receipt))
}

// ReadEnd gives the record of a service's last end; nil where none is kept.
func ReadEnd(root, service string) ([]byte, error) {
	return readIf(path.Join(root, Ends, endFile(service)))
}

func readIf(name string) ([]byte, error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

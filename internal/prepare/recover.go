package prepare

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"casemate/internal/facts"

	"golang.org/x/sys/unix"
)

// recordName is a symbolic link in the state directory whose text is the path of the
// container's cgroup below the root of the hierarchy. It leads nowhere: a link is made in
// one piece, by one system call, and no name of a cgroup needs to be guessed afterwards.
const recordName = "cgroup"

// Record writes down which cgroup the launch is about to make. One that a killed shim has
// written down, perhaps of another unit, is removed first.
func (s *State) Record(f facts.Cgroup, group string) error {
	if _, err := s.removeRecorded(f); err != nil {
		return fmt.Errorf("state directory %s: %w", s.path, err)
	}
	if err := unix.Symlinkat(path.Join(f.Own, group), s.dir, recordName); err != nil {
		return fmt.Errorf("state directory %s: %s: %w", s.path, recordName, err)
	}
	return nil
}

// removeRecorded kills what is left in the recorded cgroup and removes it, and then the
// record. It gives the cgroup's path, "" where none is recorded.
func (s *State) removeRecorded(f facts.Cgroup) (string, error) {
	var buf [unix.PathMax]byte
	n, err := unix.Readlinkat(s.dir, recordName, buf[:])
	if errors.Is(err, unix.ENOENT) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", recordName, err)
	}
	recorded := string(buf[:n])
	if s.left.Memory, err = removeLeftover(f, recorded, path.Base(s.path)); err != nil {
		return "", fmt.Errorf("cgroup %s, which was left behind: %w", recorded, err)
	}
	if err := unix.Unlinkat(s.dir, recordName, 0); err != nil {
		return "", fmt.Errorf("remove %s: %w", recordName, err)
	}
	return recorded, nil
}

// removeLeftover removes the cgroup of a service whose shim was killed, and the leaf that
// the shim was in. A unit that is gone has taken both with it. What the group has counted
// of its memory is asked before; that it cannot be is not worth the removal.
func removeLeftover(f facts.Cgroup, recorded, service string) (*Memory, error) {
	own, name := path.Split(recorded)
	if !path.IsAbs(recorded) || path.Clean(recorded) != recorded || !strings.HasSuffix(name, "-"+service) {
		return nil, errors.New("this is not a cgroup of the service's")
	}
	fd, err := openCgroup(facts.Cgroup{Mount: f.Mount, Own: path.Clean(own)})
	if errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	memory, _ := memoryEvents(fd, name+"/memory.events")
	g := Group{own: fd, dir: -1, name: name, path: recorded}
	if err := g.claim(); err != nil {
		return nil, err
	}
	// Fails where another shim is in it, as it should, and where there is none.
	unix.Unlinkat(fd, supervisor, unix.AT_REMOVEDIR)
	return memory, nil
}

// Recovered is what has become of one service's state.
type Recovered struct {
	Service string
	Running bool   // its shim lives; nothing was touched
	Cgroup  string // that was removed, "" for none
}

// Recover removes what killed shims have left: of the services that are named, or of all
// in a directory of running services. Those that run are left alone: their directory is
// locked. It goes on after an error, and doing it again does no harm. What does not bear a
// service's name, as is tells, is somebody else's. What was left of a launch goes to end,
// which gives the record of its end.
func Recover(root string, f facts.Cgroup, names []string, is func(string) bool, end func(string, Left) []byte) (all []Recovered, err error) {
	if err := ownedByRoot(root); errors.Is(err, unix.ENOENT) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", root, err)
	}
	if len(names) == 0 {
		if names, err = services(root, is); err != nil {
			return nil, err
		}
	}
	var errs []error
	for _, name := range names {
		r, err := recoverOne(path.Join(root, name), f, end)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		} else if r != nil {
			all = append(all, *r)
		}
	}
	return all, errors.Join(errs...)
}

// services lists the directories that may be a service's.
func services(root string, is func(string) bool) ([]string, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && is(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// recoverOne gives nil where there is nothing.
func recoverOne(dir string, f facts.Cgroup, end func(string, Left) []byte) (*Recovered, error) {
	s := &State{path: dir}
	r := &Recovered{Service: path.Base(dir)}
	err := s.open()
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, errMoved):
		return nil, nil
	case errors.Is(err, ErrRunning):
		r.Running = true
		return r, nil
	case err != nil:
		return nil, err
	}
	if r.Cgroup, err = s.removeRecorded(f); err != nil {
		unix.Close(s.dir)
		return nil, err
	}
	if s.left.Receipt, err = s.Read(Receipt); err == nil && s.left.Receipt != nil {
		err = s.KeepEnd(end(r.Service, s.left))
	}
	return r, errors.Join(err, s.Remove())
}

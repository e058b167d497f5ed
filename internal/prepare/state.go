package prepare

import (
	"errors"
	"fmt"
	"path"
	"time"

	"golang.org/x/sys/unix"
)

// Receipt is the file of the state directory that holds the receipt.
const Receipt = "receipt.json"

// notifyName is the socket that the workload notifies through.
const notifyName = "notify"

const aside = ".new" // added to the name of a file that is being written

// State is the locked directory of one running service, /run/casemate/NAME. It is
// root's alone (0700): nothing is ever staged in a directory that others can write
// (CVE-2021-44731, CVE-2026-3888).
type State struct {
	path string
	dir  int
	left Left
}

// Left is what a shim that was killed has left of a launch.
type Left struct {
	Receipt []byte  // nil where there was none
	Memory  *Memory // of its cgroup; nil where that is gone, or has no memory controller
}

// ErrRunning says that another shim holds the lock.
var ErrRunning = errors.New("already running")

// lockTries bounds the race with a shim of the same name that is about to end.
const lockTries = 10

// NewState makes or takes over the directory and locks it. What a shim that was
// killed has left there is removed.
func NewState(root, service string) (*State, error) {
	if err := makeRoot(root); err != nil {
		return nil, err
	}
	s := &State{path: path.Join(root, service)}
	again, err := true, error(nil)
	for try := 0; again && err == nil; try++ {
		if again, err = s.lock(); again && try == lockTries {
			err = errors.New("it is removed again and again")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("state directory %s: %w", s.path, err)
	}
	s.left.Receipt, _ = s.Read(Receipt) // one that cannot be read is none
	if err := s.clear(); err != nil {
		s.GiveUp()
		return nil, fmt.Errorf("state directory %s: %w", s.path, err)
	}
	return s, nil
}

// makeRoot makes the directory of all services where it is not there.
func makeRoot(root string) error {
	if err := unix.Mkdir(root, 0o700); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("mkdir %s: %w", root, err)
	}
	if err := ownedByRoot(root); err != nil {
		return fmt.Errorf("%s: %w", root, err)
	}
	return nil
}

// ownedByRoot refuses a directory in which others could move a service's away.
func ownedByRoot(dir string) error {
	fd, err := noSymlinks(dir, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	return rootsAlone(&st)
}

// lock makes, opens and locks the directory; again tells that it was removed in between.
func (s *State) lock() (again bool, err error) {
	made := unix.Mkdir(s.path, 0o700)
	if made != nil && !errors.Is(made, unix.EEXIST) {
		return false, made
	}
	if err = s.open(); errors.Is(err, unix.ENOENT) || errors.Is(err, errMoved) {
		return true, nil
	}
	if err != nil && made == nil && !errors.Is(err, ErrRunning) {
		unix.Rmdir(s.path) // without descriptors, say, what was made a moment ago is all there is
	}
	return false, err
}

// errMoved says that the directory was removed before it was locked.
var errMoved = errors.New("removed meanwhile")

// open opens and locks the directory, if it is there. It tries again for some milliseconds:
// whoever asks whether a service runs holds its lock for a moment.
func (s *State) open() (err error) {
	for try := 0; try < lockTries; try++ {
		if err = s.openOnce(); !errors.Is(err, ErrRunning) {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return err
}

func (s *State) openOnce() (err error) {
	if s.dir, err = noSymlinks(s.path, unix.O_DIRECTORY); err != nil {
		return err
	}
	var ours, there unix.Stat_t
	err = unix.Fstat(s.dir, &ours)
	if err == nil && (ours.Uid != 0 || ours.Mode&0o077 != 0) {
		err = fmt.Errorf("owned by uid %d with mode %04o; only root may have access", ours.Uid, ours.Mode&0o7777)
	}
	if err == nil {
		err = unix.Flock(s.dir, unix.LOCK_EX|unix.LOCK_NB)
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrRunning
	}
	if err == nil && (unix.Lstat(s.path, &there) != nil || there.Ino != ours.Ino || there.Dev != ours.Dev) {
		err = errMoved
	}
	if err != nil {
		unix.Close(s.dir)
	}
	return err
}

// Running tells whether a shim holds the lock of a service.
func Running(root, service string) (bool, error) {
	dir, err := noSymlinks(path.Join(root, service), unix.O_DIRECTORY)
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer unix.Close(dir) // which gives the lock up
	err = unix.Flock(dir, unix.LOCK_SH|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// clear removes the files that a state directory can have, but for the record. It goes on
// after an error.
func (s *State) clear() error {
	var errs []error
	for _, name := range []string{Receipt, Receipt + aside, notifyName} {
		if err := unix.Unlinkat(s.dir, name, 0); err != nil && !errors.Is(err, unix.ENOENT) {
			errs = append(errs, fmt.Errorf("remove %s: %w", name, err))
		}
	}
	return errors.Join(append(errs, s.removeVerity())...)
}

// Left is what a killed shim of this name had left, once Record has looked.
func (s *State) Left() Left { return s.left }

// GiveUp gives up a launch that has made nothing else. The directory goes too, unless a
// cgroup that could not be removed is recorded in it.
func (s *State) GiveUp() {
	unix.Rmdir(s.path)
	s.Close()
}

// Close gives up the lock and leaves the directory for Recover.
func (s *State) Close() { unix.Close(s.dir) }

// Write puts a file into the directory in one piece.
func (s *State) Write(name string, b []byte) error {
	if err := replace(s.dir, name, b); err != nil {
		return fmt.Errorf("%s/%s: %w", s.path, name, err)
	}
	return nil
}

// replace puts a file into a directory in one piece: written aside, then renamed. On a disk the
// name could otherwise survive a loss of power that the text does not; in a tmpfs, as /run is,
// fsync(2) has nothing to do.
func replace(dir int, name string, b []byte) error {
	fd, err := unix.Openat(dir, name+aside, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	if err = writeAll(fd, b); err == nil {
		err = unix.Fsync(fd)
	}
	err = errors.Join(err, unix.Close(fd))
	if err == nil {
		err = unix.Renameat(dir, name+aside, dir, name)
	}
	if err != nil {
		unix.Unlinkat(dir, name+aside, 0)
	}
	return err
}

// Remove removes the directory and gives up the lock. The container's cgroup is gone by
// then: with the record nobody would find it any more.
func (s *State) Remove() error {
	defer unix.Close(s.dir)
	if err := s.clear(); err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	if err := unix.Unlinkat(s.dir, recordName, 0); err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("%s: remove %s: %w", s.path, recordName, err)
	}
	if err := unix.Rmdir(s.path); err != nil {
		return fmt.Errorf("rmdir %s: %w", s.path, err)
	}
	return nil
}

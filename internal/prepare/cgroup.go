package prepare

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"casemate/internal/facts"
	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// supervisor is the leaf that the shim moves into when its own cgroup has to hand
// controllers down: a cgroup with processes can have no controllers below it, the
// root excepted (cgroups(7), "no internal processes").
const supervisor = "supervisor"

// Group is the cgroup of one container, held by descriptors.
type Group struct {
	own, dir int
	name     string
	path     string // below the root of the hierarchy
	made     bool   // by this shim, and its to remove
	devices  uint32 // the kernel's number of the device program; 0 for none
}

// NewGroup makes the cgroup and writes its limits. A group that a killed shim has
// left behind is emptied and made anew; the caller holds the lock of the name.
func NewGroup(f facts.Cgroup, c plan.Cgroup) (*Group, error) {
	own, err := openCgroup(f)
	if err != nil {
		return nil, err
	}
	g := &Group{own: own, dir: -1, name: c.Name, path: path.Join(f.Own, c.Name)}
	if err := g.build(f, c); err != nil {
		return nil, errors.Join(err, g.Remove())
	}
	return g, nil
}

func (g *Group) build(f facts.Cgroup, c plan.Cgroup) error {
	if err := g.claim(); errors.Is(err, ErrRunning) {
		return fmt.Errorf("cgroup %s: %w", g.path, err)
	} else if err != nil {
		return fmt.Errorf("cgroup %s: what was left behind: %w", g.path, err)
	}
	if err := g.delegate(f, c.Controllers); err != nil {
		return err
	}
	if err := unix.Mkdirat(g.own, g.name, 0o755); err != nil {
		return fmt.Errorf("cgroup %s: mkdir: %w", g.path, err)
	}
	g.made = true
	dir, err := unix.Openat(g.own, g.name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("cgroup %s: %w", g.path, err)
	}
	g.dir = dir
	// Whatever the umask: a workload that is not root reads its limits, where it sees the group.
	if err := unix.Fchmod(dir, 0o755); err != nil {
		return fmt.Errorf("cgroup %s: fchmod: %w", g.path, err)
	}
	if err := unix.Flock(dir, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("cgroup %s: lock: %w", g.path, err)
	}
	for _, w := range c.Files {
		if err := writeAt(dir, w.Name, w.Value); err != nil {
			return fmt.Errorf("cgroup %s: write %q to %s: %w (%s)", g.path, w.Value, w.Name, err, w.At)
		}
	}
	return g.keepFromDevices(c.Devices, c.DevicesAt)
}

// claim removes what a killed shim has left under the name. A group that is locked has
// a shim that lives: one with another state directory, whose lock says nothing here.
func (g *Group) claim() error {
	dir, err := unix.Openat(g.own, g.name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	if err := unix.Flock(dir, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return ErrRunning
	}
	return removeTree(g.own, g.name)
}

// openCgroup opens the shim's own cgroup and makes sure that it is one.
func openCgroup(f facts.Cgroup) (int, error) {
	fd, err := unix.Open(f.Mount, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", f.Mount, err)
	}
	defer unix.Close(fd)
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err != nil || st.Type != unix.CGROUP2_SUPER_MAGIC {
		return -1, fmt.Errorf("%s is no longer a cgroup v2 file system", f.Mount)
	}
	how := &unix.OpenHow{Flags: unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_XDEV}
	own, err := unix.Openat2(fd, "."+f.Own, how)
	if err != nil {
		return -1, fmt.Errorf("open cgroup %s%s: %w", f.Mount, f.Own, err)
	}
	return own, nil
}

// delegate enables controllers for the children of the shim's own cgroup.
func (g *Group) delegate(f facts.Cgroup, controllers []string) error {
	if len(controllers) == 0 {
		return nil
	}
	enabled, err := readAt(g.own, "cgroup.subtree_control")
	if err != nil {
		return fmt.Errorf("cgroup %s: %w", f.Own, err)
	}
	var missing []string
	for _, c := range controllers {
		if !slices.Contains(enabled, c) {
			missing = append(missing, "+"+c)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if f.Own != "/" {
		if err := g.stepAside(); err != nil {
			return fmt.Errorf("cgroup %s: move the shim to %s: %w", f.Own, supervisor, err)
		}
	}
	if err := writeAt(g.own, "cgroup.subtree_control", strings.Join(missing, " ")); err != nil {
		err = fmt.Errorf("cgroup %s: enable %s: %w; under systemd the unit needs Delegate=yes and no other process",
			f.Own, strings.Join(missing, " "), err)
		if f.Own != "/" {
			err = errors.Join(err, g.stepBack())
		}
		return err
	}
	return nil
}

// stepAside moves the shim to its leaf.
func (g *Group) stepAside() error {
	if err := unix.Mkdirat(g.own, supervisor, 0o755); err != nil && !errors.Is(err, unix.EEXIST) {
		return err
	}
	err := writeAt(g.own, supervisor+"/cgroup.procs", "0")
	if err != nil {
		unix.Unlinkat(g.own, supervisor, unix.AT_REMOVEDIR) // fails when another shim is in it, as it should
	}
	return err
}

// stepBack undoes it. The leaf stays when another shim is in it.
func (g *Group) stepBack() error {
	if err := writeAt(g.own, "cgroup.procs", "0"); err != nil {
		return fmt.Errorf("move the shim back: %w", err)
	}
	if err := unix.Unlinkat(g.own, supervisor, unix.AT_REMOVEDIR); err != nil && !errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("rmdir %s: %w", supervisor, err)
	}
	return nil
}

// FD is the directory for CLONE_INTO_CGROUP.
func (g *Group) FD() int { return g.dir }

// Read gives what the kernel says in a control file.
func (g *Group) Read(file string) (string, error) {
	b, err := facts.ReadAt(g.dir, file, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS)
	return string(b), err
}

// Path is the cgroup's path below the root of the hierarchy.
func (g *Group) Path() string { return g.path }

// Remove kills what is left inside and removes the cgroup.
func (g *Group) Remove() error {
	var err error
	if g.made {
		err = removeTree(g.own, g.name)
	}
	for _, fd := range []int{g.dir, g.own} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	if err != nil {
		return fmt.Errorf("cgroup %s: %w", g.path, err)
	}
	return nil
}

// removeWait bounds the time that a kill may take to empty a cgroup.
const removeWait = 5 * time.Second

// removeTree kills everything below parent/name by cgroup.kill (Linux 5.14) and
// removes it, children first. Nothing there is success. An empty group, which a
// container leaves behind that ended by itself, goes at once: the kernel removes
// only a group without processes and children (EBUSY), and all the rest took 100 us.
func removeTree(parent int, name string) error {
	if err := unix.Unlinkat(parent, name, unix.AT_REMOVEDIR); err == nil || errors.Is(err, unix.ENOENT) {
		return nil
	}
	dir, err := unix.Openat(parent, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	if err := writeAt(dir, "cgroup.kill", "1"); err != nil && !removed(err) {
		return fmt.Errorf("cgroup.kill: %w", err)
	}
	if err := waitEmpty(dir); err != nil && !removed(err) {
		return err
	}
	return removeEmpty(parent, name)
}

// removed: somebody else, such as a service manager, has removed the group meanwhile. The
// files of one that was open are ENODEV then (kernfs). That nothing is left is for rmdir to say.
func removed(err error) bool { return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV) }

// removeEmpty removes groups without processes, children first. Nothing is killed here:
// the kill of the topmost was for all, and a threaded group has none (EOPNOTSUPP).
func removeEmpty(parent int, name string) error {
	dir, err := unix.Openat(parent, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if removed(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	children, err := directories(dir)
	if err != nil && !removed(err) {
		return err
	}
	for _, c := range children {
		if err := removeEmpty(dir, c); err != nil {
			return fmt.Errorf("%s: %w", c, err)
		}
	}
	if err := unix.Unlinkat(parent, name, unix.AT_REMOVEDIR); err != nil && !removed(err) {
		return fmt.Errorf("rmdir: %w", err)
	}
	return nil
}

// waitEmpty waits for "populated 0" in cgroup.events, which the kernel announces by
// POLLPRI (cgroups(7)).
func waitEmpty(dir int) error {
	fd, err := unix.Openat(dir, "cgroup.events", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("cgroup.events: %w", err)
	}
	defer unix.Close(fd)
	for end := time.Now().Add(removeWait); ; {
		var buf [256]byte
		n, err := unix.Pread(fd, buf[:], 0)
		if err != nil {
			return fmt.Errorf("cgroup.events: %w", err)
		}
		if strings.Contains(string(buf[:n]), "populated 0") {
			return nil
		}
		left := time.Until(end)
		if left <= 0 {
			return fmt.Errorf("still populated after %s", removeWait)
		}
		if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLPRI}}, int(left.Milliseconds())+1); err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("cgroup.events: poll: %w", err)
		}
	}
}

//go:build amd64

package arena

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// counters are what a launch must leave as it was. The worker is alone: all of it is exact.
type counters struct {
	mounts    []string // of the worker's mount namespace
	cgroups   []string
	state     []string // below /run
	processes []string
	loops     []string // devices whose file is one of the worker's
	files     int
}

func (w *Worker) count() (counters, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	c := counters{mounts: strings.Split(string(text), "\n"), processes: processes()}
	if err != nil {
		return c, err
	}
	for _, tree := range []struct {
		root string
		list *[]string
	}{{Cgroups(), &c.cgroups}, {"/run", &c.state}} {
		err := filepath.WalkDir(tree.root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && (d.IsDir() || tree.root == "/run") && !kept(path) {
				*tree.list = append(*tree.list, path)
			}
			return err
		})
		if err != nil {
			return c, err
		}
	}
	backing, _ := filepath.Glob("/sys/block/loop*/loop/backing_file")
	for _, name := range backing {
		if file, err := os.ReadFile(name); err == nil && strings.HasPrefix(string(file), w.Dir) {
			c.loops = append(c.loops, name)
		}
	}
	entries, err := os.ReadDir("/proc/self/fd")
	c.files = len(entries)
	return c, err
}

// kept tells whether a file of the shim's is there for longer than a launch.
func kept(path string) bool {
	rest, ours := strings.CutPrefix(path, "/run/casemate")
	return ours && (rest == "" || strings.HasPrefix(rest, "/."))
}

func processes() (list []string) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		if name, err := os.ReadFile(dir + "/comm"); err == nil && dir != "/proc/1" {
			list = append(list, strings.TrimSpace(string(name))+" "+dir)
		}
	}
	return list
}

// Left says what differs from before the first launch, "" for nothing. What ends
// asynchronously has some seconds.
func (w *Worker) Left() (left string, err error) {
	for end := time.Now().Add(lingering); ; time.Sleep(5 * time.Millisecond) {
		if left, err = w.LeftNow(); left == "" || err != nil || time.Now().After(end) {
			return left, err
		}
	}
}

// LeftNow does not wait.
func (w *Worker) LeftNow() (string, error) {
	now, err := w.count()
	if err != nil {
		return "", err
	}
	return w.base.difference(now), nil
}

// Clean removes what a failure has left, so that the next launch is judged alone.
func (w *Worker) Clean() error {
	if _, err := w.Recover(); err != nil {
		return err
	}
	now, err := w.count()
	if err != nil {
		return err
	}
	for _, line := range slices.Backward(now.mounts) {
		if f := strings.Fields(line); len(f) > 4 && !slices.Contains(w.base.mounts, line) {
			unix.Unmount(f[4], unix.MNT_DETACH) // if it went with another, it is not there; else see below
		}
	}
	left, err := w.Left()
	if left != "" {
		return fmt.Errorf("what is left cannot be removed: %s", left)
	}
	return err
}

func (c counters) difference(after counters) string {
	var diffs []string
	for _, l := range []struct {
		name          string
		before, after []string
	}{
		{"mounts", c.mounts, after.mounts}, {"cgroups", c.cgroups, after.cgroups}, {"files in /run", c.state, after.state},
		{"processes", c.processes, after.processes}, {"loop devices", c.loops, after.loops},
	} {
		if !slices.Equal(l.before, l.after) {
			diffs = append(diffs, fmt.Sprintf("%s: %q", l.name, changed(l.before, l.after)))
		}
	}
	if c.files != after.files {
		diffs = append(diffs, fmt.Sprintf("open files were %d, are %d", c.files, after.files))
	}
	return strings.Join(diffs, "; ")
}

// changed lists what is on one of two lists alone.
func changed(before, after []string) (list []string) {
	for _, s := range before {
		if !slices.Contains(after, s) {
			list = append(list, "- "+s)
		}
	}
	for _, s := range after {
		if !slices.Contains(before, s) {
			list = append(list, "+ "+s)
		}
	}
	return list
}

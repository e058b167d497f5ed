package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"casemate/internal/facts"
)

// counters is what a launch must leave as it was.
type counters struct {
	mounts    []string // of this mount namespace
	cgroups   []string // of ours, in any hierarchy of version 2
	state     []string // below /run/casemate
	processes []string // shims and inits on this machine, and children of this test
	files     int      // descriptors of this process
}

// watchLeaks compares the counters before and after a test. What ends asynchronously,
// a killed child or a pipe that is about to close, gets two seconds.
func watchLeaks(t *testing.T) {
	t.Helper()
	before := count(t)
	t.Cleanup(func() {
		var diff string
		for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if diff = before.difference(count(t)); diff == "" {
				return
			}
		}
		t.Errorf("left behind: %s", diff)
	})
}

func (c counters) difference(after counters) string {
	var diffs []string
	for _, l := range []struct {
		name          string
		before, after []string
	}{
		{"mounts", c.mounts, after.mounts}, {"cgroups", c.cgroups, after.cgroups},
		{"state", c.state, after.state}, {"processes", c.processes, after.processes},
	} {
		if !slices.Equal(l.before, l.after) {
			diffs = append(diffs, fmt.Sprintf("%s were %q, are %q", l.name, l.before, l.after))
		}
	}
	// Fewer there are when the runtime has closed those of a test before.
	if c.files < after.files {
		diffs = append(diffs, fmt.Sprintf("open files were %d, are %d", c.files, after.files))
	}
	return strings.Join(diffs, "; ")
}

func count(t *testing.T) counters {
	t.Helper()
	var c counters
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	c.mounts = strings.Split(string(text), "\n")
	for _, pattern := range []string{"/sys/fs/cgroup/casemate-*", "/sys/fs/cgroup/*/casemate-*", "/sys/fs/cgroup/*/*/casemate-*"} {
		found, _ := filepath.Glob(pattern)
		c.cgroups = append(c.cgroups, found...)
	}
	c.state, _ = filepath.Glob("/run/casemate/[^.]*") // .levels stays
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	c.files = len(entries)
	c.processes = processes(t)
	return c
}

// isInit tells an init under test by its bytes: it has a copy of the file.
func isInit(t *testing.T, exe string) bool {
	if name, err := os.Readlink(exe); err != nil || name != "/memfd:casemate-init (deleted)" {
		return false
	}
	there, err := os.ReadFile(exe)
	return err == nil && string(there) == readFile(t, filepath.Join(bin, "casemate-init"))
}

// processes lists the processes that run one of the binaries under test, by name and
// number; other services of this machine are none of the test's. Zombies have no
// program any more: those that this process has yet to reap are counted by name.
func processes(t *testing.T) []string {
	t.Helper()
	var ours []os.FileInfo
	for _, name := range []string{"casemate-shim", "casemate-init", "app/probe", "app/hard"} {
		st, err := os.Stat(filepath.Join(bin, name))
		if err != nil {
			t.Fatal(err)
		}
		ours = append(ours, st)
	}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	var list []string
	for _, dir := range dirs {
		status, err := os.ReadFile(dir + "/status")
		if err != nil {
			continue // it has ended since
		}
		name, _ := facts.Field(status, "Name")
		parent, _ := facts.Field(status, "PPid")
		exe, err := os.Stat(dir + "/exe")
		running := err == nil && (isInit(t, dir+"/exe") || slices.ContainsFunc(ours, func(o os.FileInfo) bool { return os.SameFile(o, exe) }))
		zombie := err != nil && parent == fmt.Sprint(os.Getpid()) && (strings.HasPrefix(name, "casemate-") || name == "probe" || name == "hard")
		if running || zombie {
			list = append(list, name+" "+dir)
		}
	}
	return list
}

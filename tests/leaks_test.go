package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
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
	if c.files != after.files {
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
	c.state, _ = filepath.Glob("/run/casemate/*")
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	c.files = len(entries)
	c.processes = processes(t)
	return c
}

// processes lists our programs by name and number, zombies too.
func processes(t *testing.T) []string {
	t.Helper()
	dirs, _ := filepath.Glob("/proc/[0-9]*/comm")
	var list []string
	for _, d := range dirs {
		name, err := os.ReadFile(d)
		if err == nil && (strings.HasPrefix(string(name), "casemate-") || strings.HasPrefix(string(name), "probe")) {
			list = append(list, strings.TrimSpace(string(name))+" "+d)
		}
	}
	return list
}

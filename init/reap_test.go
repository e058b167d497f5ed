package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casemate/internal/gate"
	"casemate/internal/orders"
)

// children are the states of the children of a process, by its number here.
func children(t *testing.T, pid int) (states []string) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		var state string
		var parent int
		fmt.Sscanf(rest, "%s %d", &state, &parent)
		if parent == pid {
			states = append(states, state)
		}
	}
	return states
}

// settles waits until nothing but the main child is left below init.
func (i *instance) settles(t *testing.T) {
	t.Helper()
	var states []string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if states = children(t, i.cmd.Process.Pid); len(states) == 1 {
			return
		}
	}
	t.Fatalf("%d children are left: %v", len(states), states)
}

func reapsOrphans(t *testing.T, i *instance) {
	t.Helper()
	i.until(t, "done")
	i.settles(t)
	before := i.anonymous(t)
	i.until(t, "done")
	i.settles(t)
	if after := i.anonymous(t); after != before {
		t.Errorf("anonymous memory went from %d to %d KiB", before, after)
	}
}

// Thousands of orphans are reaped, and it costs no memory.
func TestZombies(t *testing.T) {
	const script = `"$0" probe orphans 1000; "$0" probe orphans 4000; read forever < /dev/zero & wait; exit 5`
	t.Run("alone", func(t *testing.T) {
		i := alone(t, "/bin/sh", "-c", strings.Replace(script, "read forever < /dev/zero & wait", "sleep 1000", 1), self)
		reapsOrphans(t, i)
	})
	t.Run("under the shim", func(t *testing.T) {
		o := shell(strings.Replace(script, "read forever < /dev/zero & wait", "exec sleep 1000", 1))
		o.Argv = append(o.Argv, self)
		i := ordered(t, o)
		i.expect(t, gate.Started)
		reapsOrphans(t, i)
	})
}

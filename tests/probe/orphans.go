package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Modes of the processes that "orphans" starts.
const (
	middle = "orphans-middle"
	orphan = "orphans-orphan"
)

// patience bounds the wait for PID 1; a PID 1 that reaps needs none of it.
const patience = 10 * time.Second

// orphans starts a process that starts n others and ends, which leaves them to PID 1.
// They end once their parent has. It then waits until /proc shows no zombie.
func orphans(args []string) int {
	n, ok := number(args, 10000)
	if !ok {
		return usage("orphans: wants a number up to 10000")
	}
	done, hold, err := os.Pipe()
	if err != nil {
		return usage("%v", err)
	}
	cmd := exec.Command(os.Args[0], middle, strconv.Itoa(n))
	cmd.ExtraFiles, cmd.Stderr = []*os.File{hold}, os.Stderr
	if err := cmd.Run(); err != nil {
		return usage("orphans: %v", err)
	}
	hold.Close()
	// The end of file says that no orphan holds the other end any more.
	if _, err := io.Copy(io.Discard, done); err != nil {
		return usage("orphans: %v", err)
	}
	left := zombies()
	for end := time.Now().Add(patience); left > 0 && time.Now().Before(end); left = zombies() {
		time.Sleep(time.Millisecond)
	}
	fmt.Printf("{\"orphans\": %d, \"zombies\": %d}\n", n, left)
	return 0
}

// runMiddle starts the orphans. Each holds descriptor 3, the end that "orphans" waits
// for, and reads descriptor 4, whose other end closes when this process ends.
func runMiddle(args []string) int {
	n, ok := number(args, 10000)
	if !ok {
		return usage("%s: wants a number", middle)
	}
	release, hold, err := os.Pipe()
	if err != nil {
		return usage("%v", err)
	}
	defer hold.Close()
	done := os.NewFile(3, "done")
	for range n {
		cmd := exec.Command(os.Args[0], orphan)
		cmd.ExtraFiles = []*os.File{done, release}
		if err := cmd.Start(); err != nil {
			return usage("%s: %v", middle, err)
		}
	}
	return 0
}

// runOrphan waits for the end of its parent.
func runOrphan([]string) int {
	if _, err := io.Copy(io.Discard, os.NewFile(4, "release")); err != nil {
		return usage("%s: %v", orphan, err)
	}
	return 0
}

// zombies counts the processes in state Z of proc_pid_stat(5).
func zombies() int {
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is right
	count := 0
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && isZombie(string(b)) {
			count++
		}
	}
	return count
}

// isZombie reads the state, which follows the name in parentheses; the name may hold
// parentheses of its own.
func isZombie(stat string) bool {
	_, after, ok := cutLast(stat, ") ")
	return ok && strings.HasPrefix(after, "Z")
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

package main

import (
	"path/filepath"
	"testing"
	"time"

	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// A FIFO that nobody writes to, in place of any file that is read, ends a command at once.
func TestFIFOsAreNotWaitedFor(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func() error{
		"a sealed policy":   func() error { _, err := open(fifo); return err },
		"a text":            func() error { _, err := startsSealed(fifo); return err },
		"a private key":     func() error { _, err := readKey(fifo); return err },
		"an earlier report": func() error { _, err := readAtMost(fifo, 10); return err },
		"facts":             func() error { _, err := hostFacts(fifo, new(sealed.Policy)); return err },
	} {
		done := make(chan error, 1)
		go func() { done <- read() }()
		select {
		case err := <-done:
			t.Logf("%s: %v", name, err)
		case <-time.After(time.Minute):
			t.Errorf("%s: waited for", name)
		}
	}
}

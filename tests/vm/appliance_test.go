package vm

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// serial is what a running machine has written so far.
type serial struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *serial) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

// until waits for a text on the serial line. A machine that has ended may have said it.
func (s *serial) until(ctx context.Context, text string) error {
	for over := false; ; time.Sleep(50 * time.Millisecond) {
		s.mu.Lock()
		found := strings.Contains(s.text.String(), text)
		s.mu.Unlock()
		if found {
			return nil
		}
		if over {
			return fmt.Errorf("the machine does not say %q", text)
		}
		over = ctx.Err() != nil
	}
}

// TestAppliance boots examples/appliance until its page is served, and then with a bit
// changed in one file, which dm-verity refuses to read: the service whose policy that is
// does not start, once and for all, and the other does. With a bit changed at the top of
// the hashes not even init starts.
func TestAppliance(t *testing.T) {
	need(t)
	a, err := BuildAppliance(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Run("serves", func(t *testing.T) {
		var page string
		log, err := a.Boot(&serial{}, func(ctx context.Context, address string) (err error) {
			page, err = Page(ctx, address)
			return err
		})
		show(t, log)
		if err != nil || !strings.Contains(page, "Welcome to nginx!") {
			t.Errorf("%v: %q\n%s", err, page, log)
		}
	})
	t.Run("a changed policy", func(t *testing.T) { tampered(t, a) })
	t.Run("changed hashes", func(t *testing.T) {
		bad := *a
		bad.Hashes = flipped(t, a.Hashes, func(b []byte) int { return 4096 + 8 }) // behind the superblock is the topmost block
		var s serial
		log, err := bad.Boot(&s, func(ctx context.Context, _ string) error { return s.until(ctx, "VM-END") })
		show(t, log)
		if err != nil || !strings.Contains(log, "VM-ERROR") || !strings.Contains(log, "VM-END false") || strings.Contains(log, "casemate") {
			t.Errorf("%v\n%s", err, log)
		}
	})
}

// show prints a log where it is asked for.
func show(t *testing.T, log string) {
	if os.Getenv("CASEMATE_VM_LOG") != "" {
		t.Logf("%s", log)
	}
}

func tampered(t *testing.T, a *Appliance) {
	bad := *a
	bad.Root = flipped(t, a.Root, func(b []byte) int { return policyOf(b, "nginx") })
	var s serial
	var served error
	log, err := bad.Boot(&s, func(ctx context.Context, address string) error {
		for _, text := range []string{"is corrupted", "Failed to start casemate@nginx.service", "Started casemate@redis.service", "Reached target default.target"} {
			if err := s.until(ctx, text); err != nil {
				return err
			}
		}
		_, served = fetch(ctx, "http://"+address+"/")
		time.Sleep(time.Second) // ten times RestartSec
		return nil
	})
	show(t, log)
	if err != nil || served == nil || strings.Count(log, "Failed to start casemate@nginx.service") != 1 {
		t.Errorf("%v; the page: %v\n%s", err, served, log)
	}
}

// flipped is a copy of a file with one bit changed, at the place that where gives.
func flipped(t *testing.T, path string, where func([]byte) int) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := where(b)
	if n < 0 {
		t.Fatal("there is nothing to change")
	}
	b[n] ^= 1
	changed := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(changed, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return changed
}

// policyOf finds a place within the sealed policy of a service in an image: it begins
// with a magic, a version and a length, and then comes the service's name.
func policyOf(b []byte, service string) int {
	name := append([]byte{0, 0, 0, byte(len(service))}, service...)
	for at := 0; ; at++ {
		n := bytes.Index(b[at:], []byte("CASEMATE"))
		if n < 0 {
			return -1
		}
		if at += n; bytes.HasPrefix(b[min(at+16, len(b)):], name) {
			return at + 512
		}
	}
}

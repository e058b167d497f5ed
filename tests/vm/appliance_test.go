package vm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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
// the hashes not even init starts. Policies that others have signed, or nobody, and a kernel
// without AppArmor start nothing.
func TestAppliance(t *testing.T) {
	need(t)
	a, err := BuildAppliance(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	// Two at a time: a boot is for the most part one thread's.
	t.Run("serves", func(t *testing.T) {
		t.Parallel()
		var page string
		told := *a
		told.machine.cmdline += " loglevel=6" // what AppArmor does and refuses, on the serial line
		log, err := told.Boot(&serial{}, func(ctx context.Context, address string) (err error) {
			page, err = Page(ctx, address)
			return err
		})
		show(t, log)
		if err != nil || !strings.Contains(page, "Welcome to nginx!") {
			t.Errorf("%v: %q\n%s", err, page, log)
		}
		if !strings.Contains(log, `apparmor="STATUS" operation="profile_load"`) {
			t.Errorf("the kernel does not tell what AppArmor does\n%s", log)
		}
		for _, line := range regexp.MustCompile(`apparmor="DENIED".*`).FindAllString(log, -1) {
			if oursDenied(line) {
				t.Error(line)
			}
		}
	})
	t.Run("a changed policy", func(t *testing.T) {
		t.Parallel()
		tampered(t, a)
	})
	t.Run("AppArmor is off", func(t *testing.T) {
		t.Parallel()
		off := *a
		off.machine.cmdline = strings.Replace(off.machine.cmdline, "apparmor=1", "apparmor=0", 1)
		refuses(t, &off, 247, "AppArmor is not active", "AppArmor is not active")
	})
	t.Run("policies of others", func(t *testing.T) {
		t.Parallel()
		tests, err := directory()
		if err != nil {
			t.Fatal(err)
		}
		policy := func(name string) string { return filepath.Join(tests, "../examples/appliance", name+".toml") }
		other, err := buildAppliance(t.TempDir(), func(b *builder) error {
			return errors.Join(b.strange(policy("nginx"), "nginx"), b.unsigned(policy("redis"), "redis"))
		})
		if err != nil {
			t.Fatal(err)
		}
		refuses(t, other, 246, "not trusted", "not signed")
	})
	t.Run("changed hashes", func(t *testing.T) {
		t.Parallel()
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

// refuses boots an appliance in which neither service starts, for these reasons, and is not
// tried again; the rest of the system comes up. The shims' words are the journal's, which
// goes to the serial line here.
func refuses(t *testing.T, a *Appliance, status int, nginx, redis string) {
	t.Helper()
	a.machine.cmdline += " systemd.journald.forward_to_console=1"
	var s serial
	var served error
	log, err := a.Boot(&s, func(ctx context.Context, address string) error {
		for _, name := range []string{"Failed to start casemate@nginx.service", "Failed to start casemate@redis.service", "Reached target default.target"} {
			if err := s.until(ctx, name); err != nil {
				return err
			}
		}
		time.Sleep(time.Second) // ten times RestartSec
		_, served = fetch(ctx, "http://"+address+"/")
		return nil
	})
	show(t, log)
	for _, want := range []string{
		fmt.Sprintf("casemate@nginx.service: Main process exited, code=exited, status=%d", status), fmt.Sprintf("casemate@redis.service: Main process exited, code=exited, status=%d", status),
	} {
		if strings.Count(log, want) != 1 {
			t.Errorf("the log has not one %q", want)
		}
	}
	for name, want := range map[string]string{"nginx": nginx, "redis": redis} {
		if !regexp.MustCompile(name + `(\[\d+\])?: casemate-shim: .*` + want).MatchString(log) {
			t.Errorf("%s does not say %q", name, want)
		}
	}
	if err != nil || served == nil || strings.Contains(log, "Started casemate@") {
		t.Errorf("%v; the page: %v", err, served)
	}
	if t.Failed() {
		t.Log(log)
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

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"casemate/internal/exit"
	"casemate/internal/verify"
	"casemate/tests/lab"

	"golang.org/x/sys/unix"
)

// known makes a state directory with a receipt of web, and ends of web and gone.
func known(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	text := (&verify.Receipt{Version: verify.ReceiptVersion, Service: "web", Verified: time.Unix(0, 0)}).Encode()
	ended := (&verify.Ended{Cause: verify.OOM, Status: 137}).Complete(text)
	if err := errors.Join(os.Mkdir(dir+"/web", 0o700), os.WriteFile(dir+"/web/receipt.json", text, 0o600), os.Mkdir(dir+"/.ended", 0o700),
		os.WriteFile(dir+"/.ended/web.json", ended, 0o600), os.WriteFile(dir+"/.ended/gone.json", ended, 0o600)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// held takes the lock of a service, as its shim does.
func held(t *testing.T, dir string) {
	t.Helper()
	fd, err := unix.Open(dir, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		t.Fatal(err)
	}
}

const lastEnd = "web: ended 0001-01-01T00:00:00Z: out of memory; exit status 137"

func TestStatus(t *testing.T) {
	dir := known(t)
	ask := func(words ...string) (string, int) {
		t.Helper()
		var b bytes.Buffer
		code, err := statusCommand(&b, append([]string{"-state", dir}, words...))
		if err != nil {
			t.Errorf("%q: %v", words, err)
		}
		return b.String(), code
	}
	// A receipt whose lock nobody holds is of a shim that was killed.
	if text, code := ask("web"); code != statusDead || !strings.HasPrefix(text, "web: its shim was killed; casemate-shim recover") || !strings.Contains(text, "\nweb: init is pid 0") {
		t.Errorf("%d: %s", code, text)
	}
	held(t, dir+"/web")
	// The last end is told beside a service that runs, and alone when none does.
	if text, code := ask("web"); code != statusRuns || !strings.HasPrefix(text, "web: init is pid 0") || !strings.Contains(text, "\n"+lastEnd) {
		t.Errorf("%d: %s", code, text)
	}
	if text, code := ask("gone"); code != statusEnded || !strings.HasPrefix(text, lastEnd) || strings.Contains(text, "is pid") {
		t.Errorf("%d: %s", code, text)
	}
	for name, file := range map[string]string{"web": "/web/receipt.json", "gone": "/.ended/gone.json"} {
		want, _ := os.ReadFile(dir + file)
		if text, _ := ask("--json", name); text != string(want) || !json.Valid(want) {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestStatusIsRefused(t *testing.T) {
	dir := known(t)
	held(t, dir+"/web")
	refused := func(want string, words ...string) {
		t.Helper()
		var b bytes.Buffer
		_, err := statusCommand(&b, append([]string{"-state", dir}, words...))
		if err == nil || exit.CodeOf(err) != exit.Usage || !strings.Contains(err.Error(), want) || b.Len() != 0 {
			t.Errorf("%q: %v, %s", words, err, b.String())
		}
	}
	refused("nobody is not running", "nobody")
	refused("no name of a service", "../web")
	refused("no name of a service", ".ended")
	refused("bad command line")
	refused("bad command line", "web", "gone")
	refused("flag provided but not defined", "-x", "web")
	if err := os.WriteFile(dir+"/web/receipt.json", []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("receipt: ", "web")
	refused("receipt: ", "-json", "web")
	if err := os.RemoveAll(dir + "/web"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir+"/.ended", dir+"/web"); err != nil {
		t.Fatal(err)
	}
	refused("symbolic link", "web")
}

// To ask whether a service runs does not keep it from starting.
func TestStatusIsInNobodysWay(t *testing.T) {
	l := shim(t, "0")
	if err := errors.Join(os.Mkdir(l.state, 0o700), os.Mkdir(l.state+"/"+l.service, 0o700)); err != nil {
		t.Fatal(err)
	}
	stop := make(chan bool)
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				look(l.state, l.service)
				time.Sleep(100 * time.Microsecond)
			}
		}
	}()
	for range lab.Times(t, 10) {
		cmd := exec.Command(l.Path, l.Args[1:]...)
		cmd.Env = l.Env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
	close(stop)
}

package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// ending is what is kept of a service's end.
type ending struct {
	Service string `json:"service"`
	Policy  string `json:"policy_sha256"`
	PID     int    `json:"init_pid"`
	Checks  []any  `json:"checks"`
	Ended   struct {
		Cause, Signal, Error string
		Status               int
		Stopped              bool
		Memory               *struct {
			Kills int `json:"oom_kill"`
		}
	} `json:"ended"`
}

// endOf reads the record of the last end, and forgets it.
func endOf(t *testing.T, service string) ending {
	t.Helper()
	path := filepath.Join("/run/casemate/.ended", service+".json")
	var e ending
	if err := json.Unmarshal([]byte(readFile(t, path)), &e); err != nil || e.Service != service {
		t.Fatalf("%s: %+v, %v", path, e, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e ending) says(t *testing.T, cause, signal string, status int) {
	t.Helper()
	if e.Ended.Cause != cause || e.Ended.Signal != signal || e.Ended.Status != status {
		t.Errorf("it ended %+v; want %s, %q, %d", e.Ended, cause, signal, status)
	}
}

// How a service has ended is known after it has, from the shim and beside its receipt.
func TestEndIsRecorded(t *testing.T) {
	needRoot(t)
	exits, sleeps := compiled(t, policy("ends", `"/app/probe", "exit"`, "")), compiled(t, policy("ends", `"/app/probe", "sleep"`, ""))
	t.Run("exit", func(t *testing.T) {
		launch(t, exits, "--", "7").expect(t, 7)
		r := command(t, filepath.Join(bin, "casemate-shim"), "status", "ends")
		r.expect(t, 3)
		if !strings.HasPrefix(r.stdout, "ends: ended ") || !strings.Contains(r.stdout, ": by itself; exit status 7 after ") {
			t.Errorf("%s", r)
		}
		e := endOf(t, "ends")
		e.says(t, "exit", "", 7)
		if e.PID == 0 || len(e.Checks) == 0 || e.Policy == "" {
			t.Errorf("the receipt is not in it: %+v", e)
		}
		command(t, filepath.Join(bin, "casemate-shim"), "status", "ends").expect(t, 246, "ends is not running")
	})
	t.Run("signal", func(t *testing.T) {
		launch(t, compiled(t, policy("ends", `"/app/probe", "die"`, "")), "--", "11").expect(t, 128+11)
		endOf(t, "ends").says(t, "signal", "SIGSEGV", 128+11)
	})
	t.Run("not executable", func(t *testing.T) {
		launch(t, compiled(t, policy("ends", `"/app/nothing"`, ""))).expect(t, 127, "no such file")
		endOf(t, "ends").says(t, "exec", "", 127)
	})
	t.Run("stopped", func(t *testing.T) {
		p := running(t, sleeps)
		p.until(t, "ready")
		p.signal(t, unix.SIGTERM)
		p.wait(t).expect(t, 128+15)
		e := endOf(t, "ends")
		if e.says(t, "signal", "SIGTERM", 128+15); !e.Ended.Stopped {
			t.Error("nobody has stopped it")
		}
	})
	t.Run("init killed", func(t *testing.T) {
		p := running(t, sleeps)
		p.until(t, "ready")
		kill(t, initOf(t, p), unix.SIGKILL)
		p.wait(t).expect(t, 128+9, "init was killed by SIGKILL")
		endOf(t, "ends").says(t, "killed", "SIGKILL", 128+9)
	})
	t.Run("main killed", func(t *testing.T) { // by somebody: it is no want of memory
		p := running(t, sleeps)
		p.until(t, "ready")
		kill(t, mainChild(t, initOf(t, p)), unix.SIGKILL)
		p.wait(t).expect(t, 128+9)
		e := endOf(t, "ends")
		if e.says(t, "signal", "SIGKILL", 128+9); e.Ended.Stopped || e.Ended.Memory != nil && e.Ended.Memory.Kills != 0 {
			t.Errorf("%+v", e.Ended)
		}
	})
	t.Run("failed", func(t *testing.T) {
		r := launch(t, compiled(t, policy("ends", `"/app/probe", "sleep"`, "[masks]\nmask = [\"/app/missing\"]\n")))
		r.expect(t, 248, "missing")
		e := endOf(t, "ends")
		if e.says(t, "failed", "", 248); !strings.Contains(e.Ended.Error, "step ") || e.PID != 0 || len(e.Checks) != 0 || e.Policy == "" {
			t.Errorf("%+v", e)
		}
	})
	t.Run("refused", func(t *testing.T) { // before it had a name
		launch(t, "/dev/null").expect(t, 246)
		if left, _ := filepath.Glob("/run/casemate/.ended/ends*"); left != nil {
			t.Errorf("%q", left)
		}
	})
}

// Of a shim that was killed recover keeps the end, or the next launch of the name.
func TestEndOfAKilledShim(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("lost", `"/app/probe", "sleep"`, ""))
	for _, next := range []func(){
		func() { recovers(t).expect(t, 0) },
		func() {
			p := running(t, sealed)
			p.until(t, "ready")
			if text := receiptOf(t, "lost"); !strings.Contains(text, "\nlost: ended ") || !strings.Contains(text, "its shim was killed") {
				t.Errorf("%s", text)
			}
			endOf(t, "lost").says(t, "lost", "", 0)
			p.signal(t, unix.SIGTERM)
			p.wait(t)
		},
	} {
		p := running(t, sealed)
		p.until(t, "ready")
		receiptOf(t, "lost") // until then there is nothing to complete
		pid := initOf(t, p)
		p.signal(t, unix.SIGKILL)
		p.wait(t)
		next()
		if _, err := os.Stat("/run/casemate/.ended/lost.json"); err != nil {
			t.Fatal(err)
		}
		e := endOf(t, "lost")
		if fmt.Sprint(e.PID) == fmt.Sprint(pid) {
			e.says(t, "lost", "", 0)
		} else {
			e.says(t, "signal", "SIGTERM", 128+15)
		}
	}
}

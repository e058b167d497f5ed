//go:build amd64

package faults

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"casemate/tests/arena"

	"golang.org/x/sys/unix"
)

// hard is a launch under conditions that a script makes in a mount namespace of its own.
type hard struct {
	Policy, Script string
	May            []int // exit codes; 0 with the report as always, or errors of ours
}

// withstand is one launch under hard conditions.
func withstand(w *arena.Worker, h hard) (arena.Result, error) {
	want, err := w.Want(h.Policy)
	if err != nil {
		return arena.Result{}, err
	}
	o, err := w.RunAfter(h.Script, h.Policy)
	if err != nil {
		return arena.Result{}, err
	}
	r, err := judge(w, fault{}, o, want)
	if r.Kind == arena.Failure {
		return r, w.Clean()
	}
	for _, code := range h.May {
		if o.Code == code {
			return r, err
		}
	}
	return arena.Fail("not one of %d: %s", h.May, o)
}

func (h hard) String() string { return fmt.Sprintf("%s after %q", h.Policy, h.Script) }

// hardships launches under each condition.
func hardships(t *testing.T, all []hard) {
	t.Helper()
	arena.Need(t, pool)
	arena.Disturb(t, pool, "hard", all, hard.String, nil)
}

// A shim that can open few files, or none, says so and leaves nothing; descriptors 0 to 2 are
// nobody else's meanwhile.
func TestR07FewDescriptors(t *testing.T) {
	var all []hard
	for n := 3; n < 140; n += 1 + n/24 {
		for _, policy := range []string{"plain", "rich"} {
			all = append(all, hard{policy, fmt.Sprintf("ulimit -n %d", n), []int{246, 247, 248, 249, 2}})
		}
	}
	hardships(t, all)
}

// No room in the state directory: no files, no bytes, or nothing that can be written.
func TestR06NoRoomForState(t *testing.T) {
	var all []hard
	for n := 1; n <= 8; n++ {
		all = append(all, hard{"plain", fmt.Sprintf("mkdir -p /run/casemate; mount -t tmpfs -o mode=700,nr_inodes=%d none /run/casemate", n), []int{0, 248}})
	}
	for _, fill := range []string{"0", "1", "2", "3"} {
		all = append(all, hard{"plain", "mkdir -p /run/casemate; mount -t tmpfs -o mode=700,size=16k none /run/casemate; head -c 12k /dev/zero >/run/casemate/fill; truncate -s " +
			fill + "k /run/casemate/fill; head -c 64k /dev/zero >>/run/casemate/fill 2>&-", []int{0, 248}})
	}
	all = append(all, hard{"plain", "mkdir -p /run/casemate; mount -t tmpfs -o ro,mode=700 none /run/casemate", []int{248}})
	hardships(t, all)
}

// What of a host's file systems may be missing, and what may not.
func TestR28MissingFileSystems(t *testing.T) {
	hardships(t, []hard{
		{"plain", "while umount -l /proc 2>&-; do :; done", []int{247}},
		{"plain", "mount -t proc -o hidepid=2 none /proc", []int{0}},
		{"plain", "mount -t proc -o subset=pid none /proc", []int{0, 247}},
		{"plain", "umount -l /sys", []int{0, 247}},
		{"plain", "mount -t tmpfs none /sys", []int{0, 247}},
		{"plain", "mount -t tmpfs none /dev", []int{0, 247, 249}},
		{"plain", "mount -o remount,bind,ro /run", []int{248}},
		{"plain", "mount -o remount,bind,ro /sys/fs/cgroup/unified || mount -o remount,bind,ro /sys/fs/cgroup", []int{248}},
	})
}

// storm launches so many times while every process of the arena gets signals that mean
// nothing to it, some ten thousand a second.
func storm(w *arena.Worker, launches int) (arena.Result, error) {
	want, err := w.Want("rich")
	if err != nil {
		return arena.Result{}, err
	}
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !stop.Load() {
			for _, s := range []unix.Signal{unix.SIGCONT, unix.SIGURG, unix.SIGWINCH} {
				unix.Kill(-1, s)
			}
			pause := unix.NsecToTimespec(int64(100 * time.Microsecond))
			unix.Nanosleep(&pause, nil)
		}
	}()
	defer func() {
		stop.Store(true)
		<-done
	}()
	for range launches {
		o, err := w.Run("rich", false)
		if err != nil {
			return arena.Result{}, err
		}
		r, err := judge(w, fault{Storm: true}, o, want)
		if err != nil || r.Kind != arena.Success {
			return arena.Result{Kind: arena.Failure, Text: r.Text + o.String()}, err
		}
	}
	return arena.Result{Kind: arena.Success}, nil
}

// Calls that are interrupted all the time change nothing.
func TestR05SignalStorm(t *testing.T) {
	arena.Need(t, pool)
	launches := 6
	if whole {
		launches = 200
	}
	arena.Each(pool, "storm", []int{launches, launches}, func(n int, r arena.Result, err error) {
		if err != nil || r.Kind != arena.Success {
			t.Error(err, r.Text)
		}
	})
}

// again launches so many times with few process numbers, so that each is used again soon.
func again(w *arena.Worker, launches int) (arena.Result, error) {
	const limit = "/proc/sys/kernel/pid_max"
	before, err := os.ReadFile(limit)
	if err != nil {
		return arena.Result{}, err
	}
	if err := os.WriteFile(limit, []byte("400"), 0); err != nil {
		return arena.Result{}, err
	}
	defer os.WriteFile(limit, before, 0)
	want, err := w.Want("rich")
	if err != nil {
		return arena.Result{}, err
	}
	for range launches {
		o, err := w.Run("rich", false)
		if err != nil {
			return arena.Result{}, err
		}
		if r, err := judge(w, fault{}, o, want); err != nil || r.Kind != arena.Success {
			return arena.Result{Kind: arena.Failure, Text: r.Text + o.String()}, err
		}
	}
	return arena.Result{Kind: arena.Success}, nil
}

// Numbers of processes that are used again soon are nobody else's; and one launch after the
// other has the same report.
func TestR23R29NumbersUsedAgain(t *testing.T) {
	arena.Need(t, pool)
	if !pidMaxIsOurs(t) {
		t.Skip("needs Linux 6.14, where a PID namespace has a pid_max of its own")
	}
	launches := 25
	if whole {
		launches = 200
	}
	arena.Each(pool, "again", []int{launches, launches}, func(n int, r arena.Result, err error) {
		if err != nil || r.Kind != arena.Success {
			t.Error(err, r.Text)
		}
	})
}

func pidMaxIsOurs(t *testing.T) bool {
	t.Helper()
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor)
	return major > 6 || major == 6 && minor >= 14
}

//go:build amd64

package faults

import (
	"maps"
	"os"
	"slices"
	"testing"

	"casemate/tests/arena"
	"casemate/tests/trace"

	"golang.org/x/sys/unix"
)

// whole puts every fault; without it, a part that takes less than a minute.
var whole = os.Getenv("CASEMATE_FAULTS") == "all"

// put puts the faults and prints the figures.
func put(t *testing.T, faults []fault) {
	t.Helper()
	like := func(f fault) string { return f.Site.Role + f.Site.Name }
	arena.Disturb(t, pool, "fault", faults, like, func(f fault, r arena.Result) {
		if f.Lie && r.Kind == arena.Success {
			t.Logf("no difference: %s", f)
		}
	})
}

// row is true of all but the first of calls that differ in a number only: a capability, a
// signal.
func row(p arena.Place) bool {
	return p.Nth > 3 && slices.Contains([]string{"rt_sigaction", "prctl"}, p.Name)
}

// some leaves rows out, and the runtime's own calls, of a test that is not whole.
func some(list []arena.Place) []arena.Place {
	if whole {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(p arena.Place) bool { return row(p) || !p.Own })
}

// most is the policy that has most.
const most = "rich"

// policies are those to launch: of a test that is not whole, one.
func policies() []string {
	if whole {
		return slices.Sorted(maps.Keys(arena.Policies))
	}
	return []string{most}
}

// Each call is answered with each errno that it can have.
func TestR04ErrnoAtEveryCall(t *testing.T) {
	arena.Need(t, pool)
	for _, policy := range policies() {
		var faults []fault
		for i, c := range some(pool.Launched(t, policy)) {
			all, known := errnosOf(c.Role, c.Name)
			switch {
			case !c.Own: // the Go runtime may end of it, cleanly
				all = []unix.Errno{unix.ENOMEM, unix.EAGAIN}
			case !known:
				t.Errorf("%s: errnos_test.go lacks the errnos of its page", c.Site())
			}
			switch {
			case !whole && c.Role == trace.Shim && i%4 != 0:
				all = nil
			case (!whole || row(c)) && len(all) > 0:
				all = all[i%len(all):][:1]
			case policy != most && len(all) > 3: // the others have most calls in common with it
				at := i * 3 % (len(all) - 2)
				all = all[at:][:3]
			}
			for _, errno := range all {
				faults = append(faults, fault{Policy: policy, Site: c.Site(), Errno: errno})
			}
		}
		put(t, faults)
	}
}

// The shim, its child and init are killed before and after each call. Whatever the moment,
// also before the child has asked to be killed with its parent, what runs of the container
// ends with the shim, and recover or the next launch finds what is left.
func TestR01R02R03KilledAtEveryCall(t *testing.T) {
	arena.Need(t, pool)
	for _, policy := range policies() {
		var faults []fault
		for i, c := range some(pool.Launched(t, policy)) {
			for j, victim := range c.Alive {
				for k, after := range []bool{false, true} {
					if whole && (policy == most || (i+j+k)%2 == 0) || (i+j+k)%10 == 0 {
						faults = append(faults, fault{Policy: policy, Site: c.Site(), Victim: victim, Signal: unix.SIGKILL, After: after})
					}
				}
			}
		}
		put(t, faults)
	}
}

// A request to stop that comes at any moment ends the launch or the workload, with the
// status that says so.
func TestR13StoppedAtEveryCall(t *testing.T) {
	arena.Need(t, pool)
	for _, policy := range policies() {
		var faults []fault
		for i, c := range some(pool.Launched(t, policy)) {
			if whole || i%8 == 0 {
				faults = append(faults, fault{Policy: policy, Site: c.Site(), Victim: trace.Shim, Signal: unix.SIGTERM})
			}
		}
		put(t, faults)
	}
}

// shared is true of the steps that part the child's mounts from the host's. Without one of
// them the container would be mounted over this test.
func shared(c arena.Place) bool {
	return c.Name == "mount" || c.Nth == 1 && (c.Name == "move_mount" || c.Name == "mount_setattr")
}

// A step that the kernel says was made, and was not: verification finds it, or a later step
// does, or it made no difference to the workload.
func TestLieAtEveryStep(t *testing.T) {
	arena.Need(t, pool)
	for _, policy := range policies() {
		var faults []fault
		for _, c := range some(pool.Launched(t, policy)) {
			if trace.Between(c.Role) && c.Name != "execveat" && c.Result >= 0 && !shared(c) {
				faults = append(faults, fault{Policy: policy, Site: c.Site(), Lie: true, Result: c.Result})
			}
		}
		put(t, faults)
	}
}

package tests

import (
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const timeCalls = `[seccomp]
allow = ["@default", "@io", "@file-read", "@file-write", "@process", "@signals", "@threads", "@memory", "@time", "@sched", "capget", "clock_settime", "adjtimex"]
[why]
"seccomp.clock_settime" = "that it is refused is what is tested"
"seccomp.adjtimex" = "that it is refused is what is tested"
"capabilities.SYS_TIME" = "that it counts for nothing is what is tested"
`

// needTime skips where a time namespace cannot be made. One that belongs to a user
// namespace takes no capability of the shim's.
func needTime(t *testing.T) {
	t.Helper()
	needUserNamespaces(t)
	if !slices.Contains(mapKeys(hostNamespaces(t)), "time") {
		t.Skip("needs time namespaces (CONFIG_TIME_NS)")
	}
}

func mapKeys(m map[string]string) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

func now(t *testing.T, clock int32) int64 {
	t.Helper()
	var ts unix.Timespec
	if err := unix.ClockGettime(clock, &ts); err != nil {
		t.Fatal(err)
	}
	return ts.Sec
}

// seconds that the probe has read from a clock.
func (r *report) seconds(t *testing.T, clock string) int64 {
	t.Helper()
	for _, a := range r.Attempts {
		if a.Name == "clock:"+clock {
			n, err := strconv.ParseInt(a.Result, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no clock %s: %v", clock, r.Attempts)
	return 0
}

// The offsets of the policy, and no other: not by settime, not by the file, with CAP_SYS_TIME
// in a user namespace or with none.
func TestS59ClocksOfATimeNamespace(t *testing.T) {
	needTime(t)
	host := hostNamespaces(t)
	for _, c := range some(t, []struct {
		name, more          string
		monotonic, boottime int64
		isNew               bool
	}{
		{"the host's", "", 0, 0, false},
		{"later", strings.Replace(rootInside, "[namespaces]\n", "[namespaces]\ntime = { monotonic = 1000, boottime = 86400, boottime_nsec = 5 }\n", 1) + "[capabilities]\nkeep = [\"SYS_TIME\"]\n", 1000, 86400, true},
		{"earlier", strings.Replace(rootInside, "[namespaces]\n", "[namespaces]\ntime = { boottime = -2, monotonic = -2 }\n", 1), -2, -2, true},
		{"no offset", strings.Replace(rootInside, "[namespaces]\n", "[namespaces]\ntime = {}\n", 1), 0, 0, true},
	}) {
		t.Run(c.name, func(t *testing.T) {
			calls := timeCalls
			if !strings.Contains(c.more, "SYS_TIME") {
				calls = strings.Replace(calls, "\"capabilities.SYS_TIME\" = \"that it counts for nothing is what is tested\"\n", "", 1)
			}
			before := [3]int64{now(t, unix.CLOCK_MONOTONIC), now(t, unix.CLOCK_BOOTTIME), now(t, unix.CLOCK_REALTIME)}
			r := confined(t, c.more+calls, "clock:monotonic", "clock:boottime", "clock:realtime", "set-clock:realtime", "set-clock:monotonic", "adjtimex", "offsets")
			after := [3]int64{now(t, unix.CLOCK_MONOTONIC), now(t, unix.CLOCK_BOOTTIME), now(t, unix.CLOCK_REALTIME)}
			for i, clock := range []string{"monotonic", "boottime", "realtime"} {
				offset := [3]int64{c.monotonic, c.boottime, 0}[i]
				if got := r.seconds(t, clock) - offset; got < before[i]-1 || got > after[i]+1 {
					t.Errorf("%s is %d, without the offset %d; the host's went from %d to %d", clock, got+offset, got, before[i], after[i])
				}
			}
			equal(t, "a time namespace of its own", r.Namespaces["time"] != host["time"], c.isNew)
			equal(t, "that of its children", r.Namespaces["time_for_children"], r.Namespaces["time"])
			r.denied(t, "set-clock:realtime", "adjtimex", "offsets")
			r.attempts(t, "EINVAL", "set-clock:monotonic") // nobody sets that one
		})
	}
}

// A clock that would be negative, or that the kernel would not take, ends the launch.
func TestClocksThatAreRefused(t *testing.T) {
	needTime(t)
	for name, offset := range map[string]string{"negative": "boottime = -4000000000", "too far": "monotonic = 4611686017, monotonic_nsec = 999999999"} {
		t.Run(name, func(t *testing.T) {
			more := strings.Replace(rootInside, "[namespaces]\n", "[namespaces]\ntime = { "+offset+" }\n", 1)
			launch(t, compiled(t, policy("clocks", "", more))).expect(t, 248, "timens_offsets", "numerical result out of range", "a clock would be negative")
		})
	}
}

// Without a user namespace a time namespace takes a capability of the shim's: 247 says so,
// or, where the shim holds it, it works.
func TestTimeNamespaceAlone(t *testing.T) {
	needTime(t)
	more := "[namespaces]\ntime = { boottime = 3600 }\n"
	if ours := ownCapabilities(t); ours>>unix.CAP_SYS_TIME&1 == 0 {
		launch(t, compiled(t, policy("clocks", `"/app/probe"`, more))).expect(t, 247, "the shim needs CAP_SYS_TIME for these namespaces")
		return
	}
	before := now(t, unix.CLOCK_BOOTTIME)
	r := confined(t, more, "clock:boottime")
	if got := r.seconds(t, "boottime") - 3600; got < before-1 || got > now(t, unix.CLOCK_BOOTTIME)+1 {
		t.Errorf("boottime is %d s off", got-before)
	}
	// And a shim that lacks it is told.
	if _, err := exec.LookPath("setpriv"); err != nil {
		t.Skipf("needs setpriv for the other half: %v", err)
	}
	drop := "--bounding-set=-sys_time"
	r2 := command(t, "setpriv", drop, "--inh-caps=-sys_time", bin+"/casemate-shim", "run", compiled(t, policy("clocks", `"/app/probe"`, more)))
	r2.expect(t, 247, "the shim needs CAP_SYS_TIME for these namespaces")
}

func ownCapabilities(t *testing.T) uint64 {
	t.Helper()
	var data [2]unix.CapUserData
	if err := unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &data[0]); err != nil {
		t.Fatal(err)
	}
	return uint64(data[1].Permitted)<<32 | uint64(data[0].Permitted)
}

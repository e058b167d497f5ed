package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// limitOf has a line of [cgroup] for each controller, which needs it.
var limitOf = map[string]string{
	"cpu": "cpu.weight = 50\n", "cpuset": "cpuset.cpus = \"0\"\n", "io": "io.weight = 50\n", "memory": "memory.max = \"64M\"\n", "pids": "pids.max = 64\n",
}

// unit makes the cgroup that a service manager would have made for the shim: below one that
// hands all controllers down but one. With "" it hands all.
func unit(t *testing.T, withheld string) group {
	t.Helper()
	above := unified(t)
	for _, c := range strings.Fields(above.get(t, "cgroup.controllers")) {
		if c != withheld {
			above.set(t, "cgroup.subtree_control", "+"+c)
		}
	}
	own := newGroup(t, string(above), "its parent")
	t.Cleanup(func() { os.Remove(own.file("supervisor")) }) // which the shim has made
	return own
}

// launchIn has the shim moved to a cgroup before it begins.
func launchIn(t *testing.T, own group, sealed string) result {
	t.Helper()
	const move = `echo $$ >"$0" && exec "$@"`
	return command(t, "/bin/sh", "-c", move, own.file("cgroup.procs"), filepath.Join(bin, "casemate-shim"), "run", sealed)
}

// untouched wants nothing of a launch below the shim's own cgroup, nor handed down there.
func (g group) untouched(t *testing.T) {
	t.Helper()
	if below, _ := filepath.Glob(string(g) + "/*/"); below != nil {
		t.Errorf("left: %q", below)
	}
	if handed := g.get(t, "cgroup.subtree_control"); handed != "" {
		t.Errorf("%q is handed down", handed)
	}
}

// A controller that the manager has kept for itself ends the launch with the line that needs
// it, whichever it is; what needs another one runs there.
func TestControllerNotDelegated(t *testing.T) {
	for controller, limit := range limitOf {
		t.Run(controller, func(t *testing.T) {
			needController(t, controller)
			own := unit(t, controller)
			if slices.Contains(strings.Fields(own.get(t, "cgroup.controllers")), controller) {
				t.Fatal("it is there")
			}
			sealed := compiled(t, policy("limits", `"/app/probe", "processors"`, "[cgroup]\n"+limit))
			r := launchIn(t, own, sealed)
			r.expect(t, 247, fmt.Sprintf("the cgroup v2 controller %q is not available in %s", controller, own), "test.toml:")
			equal(t, "what the workload has printed", r.stdout, "")
			own.untouched(t)

			other := "pids"
			if controller == other {
				other = "memory"
			}
			sealed = compiled(t, policy("limits", `"/app/probe", "processors"`, "[cgroup]\n"+limitOf[other]))
			if r := launchIn(t, own, sealed); r.code != 0 || !strings.Contains(r.stdout, "processors:") {
				t.Errorf("with a limit of %s: %s", other, r)
			}
		})
	}
}

// The same limits are kept where every controller is handed down, all at once.
func TestControllersDelegated(t *testing.T) {
	var limits string
	for controller, limit := range limitOf {
		needController(t, controller)
		limits += limit
	}
	sealed := compiled(t, policy("limits", `"/app/probe", "processors"`, "[cgroup]\n"+limits))
	if r := launchIn(t, unit(t, ""), sealed); r.code != 0 || r.stdout != "processors: 0\n" {
		t.Errorf("%s", r)
	}
}

// In a threaded cgroup, and in one with threaded ones below, nothing can be born: the launch
// ends before it begins, with limits or without.
func TestThreadedCgroup(t *testing.T) {
	needRoot(t)
	for _, kind := range []string{"threaded", "domain threaded"} {
		t.Run(kind, func(t *testing.T) {
			own := newGroup(t, string(unified(t)), "its parent")
			threaded := own
			if kind != "threaded" {
				threaded = newGroup(t, string(own), "its parent")
			}
			threaded.set(t, "cgroup.type", "threaded")
			equal(t, "the type", own.get(t, "cgroup.type"), kind)
			r := launchIn(t, own, compiled(t, policy("limits", `"/app/probe", "processors"`, "")))
			r.expect(t, 247, fmt.Sprintf("cgroup.type of %s is %q", own, kind))
			equal(t, "what the workload has printed", r.stdout, "")
			if made, _ := filepath.Glob(own.file("casemate-limits")); made != nil {
				t.Errorf("left: %q", made)
			}
		})
	}
}

// Processors that are offline: the kernel would run the workload on the others.
func TestProcessorsOffline(t *testing.T) {
	needController(t, "cpuset")
	if b, err := os.ReadFile("/sys/devices/system/cpu/cpu1/online"); err != nil || string(b) != "0\n" {
		t.Skipf("needs a second processor that is offline: %q, %v", b, err)
	}
	sealed := compiled(t, policy("limits", `"/app/probe", "processors"`, "[cgroup]\ncpuset.cpus = \"1\"\n"))
	r := launch(t, sealed)
	r.expect(t, 249, `cgroup file cpuset.cpus.effective: the policy wants "1", the kernel says "0"`)
	equal(t, "what the workload has printed", r.stdout, "")
	if r := launch(t, compiled(t, policy("limits", `"/app/probe", "processors"`, "[cgroup]\ncpuset.cpus = \"0-1\"\n"))); r.code != 0 || r.stdout != "processors: 0\n" {
		t.Errorf("one of two is online: %s", r)
	}
}

package verify

import (
	"fmt"
	"strconv"
	"strings"
)

// limits compares the resource limits of the policy. prlimit(2) would ask for
// CAP_SYS_RESOURCE, which a shim need not have.
func (r *reader) limits(t Target) {
	text, err := r.proc.read("limits")
	r.fail("limits", err)
	have := parseLimits(string(text))
	for _, l := range t.Policy.Exec.Rlimits {
		if int(l.Resource) >= len(limitNames) {
			r.fail("limits", fmt.Errorf("no name is known for resource %d", l.Resource))
			continue
		}
		name := limitNames[l.Resource]
		got, ok := have[name]
		if !ok {
			got = "(not in /proc/PID/limits)"
		}
		r.add("limit", name, limit(l.Soft)+" "+limit(l.Hard), got)
	}
}

// limitNames by number, as fs/proc/base.c has them.
var limitNames = [...]string{
	"cpu time", "file size", "data size", "stack size", "core file size", "resident set", "processes", "open files",
	"locked memory", "address space", "file locks", "pending signals", "msgqueue size", "nice priority", "realtime priority", "realtime timeout",
}

func limit(v uint64) string {
	if v == ^uint64(0) {
		return "unlimited"
	}
	return strconv.FormatUint(v, 10)
}

// parseLimits reads soft and hard limits by name: columns of 26, 21, 21 and more characters
// (proc_pid_limits(5)).
func parseLimits(text string) map[string]string {
	const names = 26
	all := make(map[string]string, len(limitNames))
	for line := range strings.Lines(text) {
		if len(line) < names || !strings.HasPrefix(line, "Max ") {
			continue
		}
		if values := strings.Fields(line[names:]); len(values) >= 2 {
			all[strings.TrimSpace(line[len("Max "):names])] = values[0] + " " + values[1]
		}
	}
	return all
}

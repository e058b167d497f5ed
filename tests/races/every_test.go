//go:build amd64

package races

import (
	"os"
	"slices"
	"strings"
	"testing"

	"casemate/tests/arena"
	"casemate/tests/trace"
)

// whole makes every combination; without it, one change at each call.
var whole = os.Getenv("CASEMATE_RACES") == "all"

// targets are the paths of the root that the policy names.
var targets = []string{
	"", "app", "proc", "sys", "dev", "tmp", "etc", "etc/conf", "etc/secret", "etc/fixed", "secrets", "srv", "srv/data", "srv/socket",
}

// touching are the calls that have to do with paths, descriptors or mounts.
func touching(p arena.Place) bool {
	others := []string{
		"prctl", "capget", "capset", "rt_sigaction", "rt_sigprocmask", "getpid", "geteuid", "uname", "keyctl", "setsid", "umask",
		"setgroups", "setresgid", "setresuid", "prlimit64", "personality", "sethostname", "seccomp", "sched_getattr", "sched_setattr",
	}
	return p.Own && (p.Role == trace.Shim || trace.Between(p.Role) || p.Role == trace.Spawn) && !slices.Contains(others, p.Name)
}

// target is the path of the root that a call names.
func target(p arena.Place) (string, bool) {
	_, below, ok := strings.Cut(p.Path, "/"+arena.Ground+"/root")
	if !ok && !trace.Between(p.Role) {
		return "", false
	}
	if !ok {
		below = p.Path
	}
	below = strings.Trim(below, "/")
	return below, slices.Contains(targets, below) && (below != "" || p.Role == trace.Shim)
}

// races are the changes to make: of the path that the launch names next, and of the one
// that it named last.
func races(calls []arena.Place) (list []race) {
	last, late := "", false
	for i, c := range calls {
		next, found := "", false
		for _, later := range calls[i:] {
			if next, found = target(later); found {
				break
			}
		}
		late = late || slices.Contains(c.Alive, trace.Init)
		for m := range mutations {
			if !touching(c) || !whole && (i+m)%len(mutations) != 0 || !whole && c.Role == trace.Shim && i%3 != 0 {
				continue
			}
			if found && (whole || i/3%2 == 0) {
				list = append(list, race{c.Site(), next, m, late})
			}
			if last != next && (whole || i/3%2 == 1) {
				list = append(list, race{c.Site(), last, m, late})
			}
		}
		if here, ok := target(c); ok {
			last = here
		}
	}
	return list
}

// Whoever can write to the root changes it at any moment of the launch. Nothing outside is
// touched, and what runs is confined.
func TestS04S05S06S07S18RootChangedAtEveryCall(t *testing.T) {
	arena.Need(t, pool)
	arena.Disturb(t, pool, "race", races(pool.Launched(t, policy)), func(r race) string { return r.Path }, nil)
}

package compile

import (
	"fmt"
	"slices"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/syntax"
)

// rlimitNames are the resources of setrlimit(2) by the kernel's generic number,
// which amd64 and arm64 share.
var rlimitNames = []string{
	"cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile",
	"memlock", "as", "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime",
}

// unlimited is RLIM_INFINITY.
const unlimited = ^uint64(0)

// nrOpen is the kernel's default for fs.nr_open, above which setrlimit(2) fails
// whoever asks.
const nrOpen = 1 << 20

// rlimits resolves exec.rlimits. Two are always set: how many files may be open,
// since select(2) overruns its sets above 1024 and a raised hard limit is there for
// programs that know better; and no core files, which would hold the workload's
// memory and be handled by a program of the host (core(5)).
func (c *compiler) rlimits() {
	set := map[string]sealed.Rlimit{
		"nofile": {Soft: 1024, Hard: 4096, At: "default"},
		"core":   {At: "default"},
	}
	for _, name := range c.file.Find("exec.rlimits").Keys() {
		n := c.file.Find("exec.rlimits", name)
		if !slices.Contains(rlimitNames, name) {
			c.fail(n.Key, name, orDefault(syntax.DidYouMean(name, rlimitNames), "there are "+strings.Join(rlimitNames, ", ")), "unknown resource limit")
			continue
		}
		soft, hard, fault := parseRlimit(c.file.Exec.Rlimits[name])
		if name == "nofile" && hard > nrOpen {
			fault = fmt.Sprintf("nofile cannot exceed %d", nrOpen)
		}
		if fault != "" {
			c.fail(n.Pos, c.file.Exec.Rlimits[name], rlimitHint(name, c.file.Exec.Rlimits[name]), "%s", fault)
			continue
		}
		set[name] = sealed.Rlimit{Soft: soft, Hard: hard, At: at(n.Pos)}
	}
	for number, name := range rlimitNames {
		if r, ok := set[name]; ok {
			r.Resource = uint32(number)
			c.out.Exec.Rlimits = append(c.out.Exec.Rlimits, r)
		}
	}
}

// rlimitSizes are counted in bytes, rlimitTimes in units of time.
var (
	rlimitSizes = []string{"fsize", "data", "stack", "core", "rss", "memlock", "as", "msgqueue"}
	rlimitTimes = map[string]string{"cpu": "seconds", "rttime": "microseconds"}
)

// rlimitHint tells how a limit is written, and where one can tell, this one.
func rlimitHint(name, s string) string {
	first, second, two := strings.Cut(s, ":")
	forms := `"soft:hard" or one value for both: a number, a size such as "64M", or "unlimited"`
	near := ""
	soft, hard, fault := parseRlimit(s)
	_, _, swapped := parseRlimit(second + ":" + first)
	switch {
	case name == "nofile" && (s == "infinity" || s == "-1" || fault == "" && hard > nrOpen):
		near = fmt.Sprintf("%d:%d", min(max(soft, 1024), nrOpen), nrOpen)
	case s == "infinity" || s == "-1":
		near = "unlimited"
	case !two && slices.Contains(rlimitSizes, name):
		near = nearSize(s)
	case !two && rlimitTimes[name] != "":
		return "a number of " + rlimitTimes[name] + `, "soft:hard" or one value for both, or "unlimited"`
	case !two:
	case fault != "" && swapped == "":
		near = second + ":" + first
	}
	if near == "" {
		return forms
	}
	return fmt.Sprintf("write %q: %s", near, forms)
}

// parseRlimit reads "soft:hard" or one value.
func parseRlimit(s string) (soft, hard uint64, fault string) {
	first, second, two := strings.Cut(s, ":")
	if !two {
		second = first
	}
	soft, ok := parseBound(first)
	hard, ok2 := parseBound(second)
	switch {
	case !ok || !ok2:
		return 0, 0, "not a resource limit"
	case soft > hard:
		return 0, 0, "the soft limit is above the hard one"
	}
	return soft, hard, ""
}

func parseBound(s string) (uint64, bool) {
	if s == "unlimited" {
		return unlimited, true
	}
	return parseSize(s)
}

// RlimitName is the name of a resource by its number, as policies write it.
func RlimitName(resource uint32) string {
	if resource < uint32(len(rlimitNames)) {
		return rlimitNames[resource]
	}
	return fmt.Sprint(resource)
}

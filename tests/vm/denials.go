package vm

import (
	"regexp"
	"slices"
	"strings"
)

// logsDenials is the part of a kernel's command line that has room for every denial
// (kernel-parameters.txt): nothing is dropped before guest/denials.go reads it.
const logsDenials = " log_buf_len=16M audit_backlog_limit=0"

var (
	deniedLine = regexp.MustCompile(`(?m)^VM-DENIED (.*)$`)
	byShim     = regexp.MustCompile(`profile="casemate-shim"|scontext=\S*:casemate_shim_t:|audit_lost`)
	comm       = regexp.MustCompile(` comm="?(\S+?)"?(?: |$)`)
)

// denials are what the guest's security module has refused to shim and init, and the number of
// those that are meant. Everything else is the workload's, which tests have try what is
// forbidden, or the machine's own.
func (t transcript) denials(meant *regexp.Regexp) (unexpected []string, expected int) {
	for _, m := range deniedLine.FindAllStringSubmatch(string(t), -1) {
		switch line := m[1]; {
		case !oursDenied(line):
		case meant != nil && meant.MatchString(line):
			expected++
		default:
			unexpected = append(unexpected, line)
		}
	}
	slices.Sort(unexpected)
	return slices.Compact(unexpected), expected
}

// oursDenied tells by label and by name. The shim's label is its own where it is confined;
// of a stack the kernel names the profile that refused. init shares its label with the
// workload, and has its name from its first lines on; before that execveat(2) has given it
// the number of a descriptor. A line that says that lines were lost is everybody's.
func oursDenied(line string) bool {
	if byShim.MatchString(line) {
		return true
	}
	m := comm.FindStringSubmatch(line)
	return m != nil && (m[1] == "casemate-shim" || m[1] == "casemate-init" || strings.Trim(m[1], "0123456789") == "")
}

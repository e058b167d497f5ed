package audit

import (
	"crypto/sha256"
	"encoding/hex"

	"casemate/policy/filter"
	"casemate/policy/report"
)

// Finding is one rule that one policy does not keep.
type Finding struct {
	Rule        *Rule
	Severity    Severity
	Subject     string       // what it is about: "net", "seccomp.ptrace", "/data"; never with a line
	Message     string       // one line
	At          string       // where the policy says so, as sealed: "nginx.toml:14", "default", ""
	Place       report.Place // the same as a file that can be opened
	Witness     *Witness     // nil where no filter is concerned
	Fingerprint string       // the same in every run, whatever the lines
	Waived      *Waiver      // nil: it counts
	Reason      string       // the policy's own, of [why]
	Known       bool         // an earlier report has it
}

// Witness is a call that shows a finding.
type Witness struct {
	Arch    filter.Arch
	Call    filter.Call
	Verdict filter.Action
}

// Counts reports whether the finding decides about the exit code.
func (f *Finding) Counts() bool { return f.Waived == nil && !f.Known }

// fingerprint names a finding for good: by rule, service and subject. A line in it would
// make a new alarm of every edit above it.
func fingerprint(rule, service, subject string) string {
	sum := sha256.Sum256([]byte("casemate audit v1\x00" + rule + "\x00" + service + "\x00" + subject))
	return hex.EncodeToString(sum[:16])
}

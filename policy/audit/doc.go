// Package audit judges sealed policies by rules: it says what a policy leaves open, why
// that matters, where it is written, by which concrete call it can be used, and what to
// write instead.
//
// It guards the reviewer: it looks at the sealed artifact, the effective policy and the
// finished filters, and not at what a text seems to say. The text, where it is at hand,
// adds places, waivers and the proof that the filters are what it declares. What cannot
// be judged is a finding or is named as not looked at; it is never taken for harmless.
//
// It is pure: it reads no file and no clock. It imports policy/prove for the behaviour
// of filters, policy/filter and policy/base for the tables, policy/danger for what paths
// and calls open, policy/tree and policy/region for what stands at a path and how a call is
// written, policy/syntax for places and waivers, policy/report for the forms,
// internal/sealed and internal/caps.
//
//	rule.go table_*.go   the rules        audit.go view.go     one policy, all rules
//	program.go           filters walked   seccomp_*.go caps.go files.go confine.go process.go sealing.go   checks
//	waive.go baseline.go what does not count                   text.go json.go sarif.go effective.go   the report
package audit

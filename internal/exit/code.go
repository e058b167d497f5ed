// Package exit holds the exit codes of the shim and of the tool, and the error
// types that carry them. It guards one promise: a service manager can tell a
// refused policy, a lacking host, a failed step and a failed verification apart
// by number alone. It imports no fmt: init links it.
package exit

import "errors"

// Codes of casemate-shim. They lie between systemd's own 200-245
// (systemd.exec(5), "Process Exit Codes") and minijail's 251-254, so that
// RestartPreventExitStatus=246 247 stops a boot loop and nothing else.
const (
	Usage   = 246 // wrong command line, or a policy refused: bad, unsigned, tampered
	Lacking = 247 // the host lacks a feature that the policy requires
	Step    = 248 // a step of the launch failed
	Unlike  = 249 // the kernel's view of the launch differs from the policy
	Bug     = 250 // a broken invariant of ours

	NotExecutable = 126 // the workload exists and cannot be executed
	NotFound      = 127 // the workload does not exist
	Signalled     = 128 // plus the number of the signal that ended it
)

// Codes of the tool casemate.
const (
	ToolFindings = 1 // audit found, diff is weaker, explain says denied
	ToolInput    = 2 // bad input or usage
	ToolProof    = 3 // the proof of a compiled filter failed
)

// Error is an error that knows its exit code.
type Error struct {
	Code int
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Wrap gives err the code, unless it carries one already or is nil.
func Wrap(code int, err error) error {
	var e *Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	return &Error{Code: code, Err: err}
}

// CodeOf is the code that err carries; an error without one is our bug.
func CodeOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Bug
}

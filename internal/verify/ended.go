package verify

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

// Ended is how a launch has ended: the last member of a receipt that outlives it.
type Ended struct {
	Cause   Cause     `json:"cause"`
	Status  int       `json:"status"`            // the shim's exit status
	Signal  string    `json:"signal,omitempty"`  // that ended the main process, or init
	Stopped bool      `json:"stopped,omitempty"` // the shim had been told to stop (SIGTERM)
	Error   string    `json:"error,omitempty"`   // what the shim said of a launch that failed
	At      time.Time `json:"at"`
	RanMS   int64     `json:"ran_ms"`           // from the release to the end
	Memory  *Memory   `json:"memory,omitempty"` // absent where there is no memory controller
}

// Cause of an end.
type Cause string

// Causes. OOM is said where the kernel has counted a kill in the container's cgroup,
// the main process or init was ended by SIGKILL, and nobody had told the shim to stop.
const (
	Exit       Cause = "exit"       // the workload's own
	Signal     Cause = "signal"     // the main process was ended by one
	OOM        Cause = "oom"        // the kernel killed for want of memory
	NoExec     Cause = "exec"       // the workload could not be executed
	Killed     Cause = "killed"     // init was, with the main process
	Stuck      Cause = "stuck"      // a process of the container cannot be killed
	Aborted    Cause = "aborted"    // a signal ended the launch before the workload ran
	Lacking    Cause = "lacking"    // the host lacks something
	Failed     Cause = "failed"     // a step of the launch failed
	Unverified Cause = "unverified" // the kernel said otherwise than the policy
	Bug        Cause = "bug"        // of ours
	Lost       Cause = "lost"       // the shim was killed; others have cleaned up
)

// words for people.
var words = map[Cause]string{
	Exit: "by itself", Signal: "by a signal", OOM: "out of memory", NoExec: "the workload could not be executed",
	Killed: "init was killed", Stuck: "a process cannot be killed", Aborted: "the launch was ended by a signal",
	Lacking: "the host lacks something", Failed: "the launch failed", Unverified: "verification failed", Bug: "a bug of casemate's",
	Lost: "its shim was killed",
}

// Memory is of the container's memory.events, cgroup v2: how often memory.max was
// reached, an allocation failed for it, a process was killed, a whole group was.
type Memory struct {
	Max    uint64 `json:"max"`
	OOM    uint64 `json:"oom"`
	Kills  uint64 `json:"oom_kill"`
	Groups uint64 `json:"oom_group_kill"`
}

// encode writes the member, as encoding/json would.
func (e *Ended) encode(b []byte) []byte {
	if e == nil {
		return b
	}
	number := func(name string, n int64) {
		b = strconv.AppendInt(append(append(append(b, ",\n    \""...), name...), "\": "...), n, 10)
	}
	text := func(name, s string) {
		b = quote(append(append(append(b, ",\n    \""...), name...), "\": "...), s)
	}
	b = quote(append(b, ",\n  \"ended\": {\n    \"cause\": "...), string(e.Cause))
	number("status", int64(e.Status))
	if e.Signal != "" {
		text("signal", e.Signal)
	}
	if e.Stopped {
		b = append(b, ",\n    \"stopped\": true"...)
	}
	if e.Error != "" {
		text("error", e.Error)
	}
	text("at", e.At.Format(time.RFC3339Nano))
	number("ran_ms", e.RanMS)
	if m := e.Memory; m != nil {
		b = fmt.Appendf(b, ",\n    \"memory\": {\n      \"max\": %d,\n      \"oom\": %d,\n      \"oom_kill\": %d,\n      \"oom_group_kill\": %d\n    }", m.Max, m.OOM, m.Kills, m.Groups)
	}
	return append(b, "\n  }"...)
}

// Complete adds the member to the text of a receipt, as Encode wrote it; nil for any other
// text. To decode the receipt for that and encode it again took as long as to verify.
func (e *Ended) Complete(receipt []byte) []byte {
	body, ours := bytes.CutSuffix(receipt, []byte("\n}\n"))
	if !ours || !bytes.HasPrefix(body, []byte("{\n  \"version\": ")) || bytes.Contains(body, []byte("\n  \"ended\": ")) {
		return nil
	}
	return append(e.encode(slices.Clip(body)), "\n}\n"...)
}

// print writes it for a person.
func (e *Ended) print(w io.Writer, service string) {
	how := words[e.Cause]
	if how == "" {
		how = string(e.Cause) // of a later version
	}
	if e.Signal != "" {
		how += ", " + e.Signal
	}
	if e.Stopped {
		how += ", after it was told to stop"
	}
	fmt.Fprintf(w, "%s: ended %s: %s; exit status %d after %s\n", service, e.At.Format(time.RFC3339), how, e.Status, time.Duration(e.RanMS)*time.Millisecond)
	if e.Error != "" {
		fmt.Fprintf(w, "  %s\n", e.Error)
	}
	if m := e.Memory; m != nil && (m.Kills > 0 || m.OOM > 0) {
		fmt.Fprintf(w, "  memory: the kernel killed %d processes; memory.max was reached %d times, %d times in vain\n", m.Kills, m.Max, m.OOM)
	}
}

// PrintEnd writes how the launch has ended, alone.
func (r *Receipt) PrintEnd(w io.Writer) {
	if r.Ended != nil {
		r.Ended.print(w, r.Service)
	}
}

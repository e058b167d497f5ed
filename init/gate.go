package main

import (
	"casemate/internal/exit"
	"casemate/internal/gate"
	"casemate/internal/sys"
)

// gateway is the descriptor of the gate.
type gateway int

// noGate is the gate of an init that runs alone: it is open and nobody listens.
const noGate gateway = -1

// enter reports that init is ready and waits for its release. The code is 0 when it
// may go on.
func (g gateway) enter() int {
	if g == noGate {
		return 0
	}
	report, err := reported()
	if err != nil {
		say("report: ", err.Error())
		return exit.Step
	}
	if code := g.send(gate.Ready, report.Value()); code != 0 {
		return code
	}
	var b [gate.Size + 1]byte // one more, so that a longer datagram is not cut to fit
	n, errno := sys.Read(int(g), b[:])
	if errno != 0 {
		say("gate: ", errno.Error())
		return exit.Step
	}
	if n == 0 {
		say("gate: closed by the shim before it released the workload")
		return exit.Bug
	}
	if m, ok := gate.Decode(b[:n]); !ok || m.Kind != gate.Release {
		say("gate: what came is not a release")
		return exit.Bug
	}
	return 0
}

// tell sends a message of the machine's.
func (g gateway) tell(kind gate.Kind, value uint32) event {
	if g.send(kind, value) != 0 {
		return event{kind: broken}
	}
	return event{kind: heard}
}

// send sends a message. The code is not 0 when the shim does not listen any more: then
// nobody supervises, and init must end.
func (g gateway) send(kind gate.Kind, value uint32) int {
	if g == noGate {
		return 0
	}
	b := gate.Message{Kind: kind, Value: value}.Encode()
	// SIGPIPE is blocked and dropped by the loop.
	if _, errno := sys.Write(int(g), b[:]); errno != 0 {
		say("gate: ", errno.Error())
		return exit.Step
	}
	return 0
}

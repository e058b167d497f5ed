package main

import (
	"syscall"

	"casemate/internal/exit"
	"casemate/internal/orders"
	"casemate/internal/sys"
)

// hold is -P: it keeps a PID namespace and reaps in it until INT or TERM comes.
func (j *job) hold() int {
	sys.ChdirRoot()
	sys.CloseFrom(3)
	sys.Pin()
	if err := j.seal(); err != nil {
		say("seal: ", err.Error())
		return exit.Step
	}
	w := waiter{set: sys.AllSignals &^ sys.OthersSignal, look: firstLook}
	m := newMachine(syscall.Getpid(), &orders.Orders{})
	for {
		w.reap(&m, false)
		e := w.next()
		if (e.signal == int32(syscall.SIGINT) || e.signal == int32(syscall.SIGTERM)) && !m.own(e) {
			return 0
		}
	}
}

package main

import (
	"syscall"

	"casemate/internal/orders"
	"casemate/internal/sys"
)

// hold is -P: it keeps a PID namespace and reaps in it until INT or TERM comes.
func hold() int {
	sys.ChdirRoot()
	sys.Pin()
	w := waiter{set: sys.AllSignals &^ sys.OthersSignal, look: firstLook}
	m := newMachine(syscall.Getpid(), &orders.Orders{})
	for {
		for {
			if e := reapOne(); e.kind != reaped {
				break
			}
		}
		e := w.next()
		if (e.signal == int32(syscall.SIGINT) || e.signal == int32(syscall.SIGTERM)) && !m.own(e) {
			return 0
		}
	}
}

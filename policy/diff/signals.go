package diff

import (
	"fmt"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/syntax"
)

// signals are behaviour: whom init signals, and with what, all in the same container.
func (d *differ) signals() error {
	o, n := &d.old.Policy.Signals, &d.new.Policy.Signals
	d.add(Change{Subject: "forward", Order: either(forwards(o), forwards(n)), Old: forwards(o), New: forwards(n)})
	d.add(Change{Subject: "scope", Order: either(o.Scope, n.Scope), Old: scope(o.Scope), New: scope(n.Scope)})
	d.add(Change{Subject: "stop", Order: either(o.Stop, n.Stop), Old: syntax.SignalName(o.Stop), New: syntax.SignalName(n.Stop)})
	d.add(Change{Subject: "grace", Order: either(o.Grace, n.Grace), Old: milliseconds(o.Grace), New: milliseconds(n.Grace)})
	return nil
}

func milliseconds(n uint32) string { return fmt.Sprintf("%g s", float64(n)/1000) }

func forwards(s *sealed.Signals) string {
	var words []string
	for _, f := range s.Forward {
		words = append(words, syntax.SignalName(f.From)+" to "+syntax.SignalName(f.To))
	}
	return orNone(strings.Join(words, ", "))
}

func scope(s sealed.Scope) string {
	switch s {
	case sealed.ScopeMain:
		return "main"
	case sealed.ScopeGroup:
		return "group"
	case sealed.ScopeAll:
		return "all"
	}
	return fmt.Sprint(s)
}

// manager is the contract with the service manager: what it hands over is a grant, the
// rest is behaviour.
func (d *differ) manager() error {
	o, n := &d.old.Policy.Manager, &d.new.Policy.Manager
	add := func(subject string, order Order, from, to string) {
		d.add(Change{Subject: subject, Order: order, Old: from, New: to, OldAt: o.At, NewAt: n.At})
	}
	add("ready", either(o.Ready, n.Ready), ready(o.Ready), ready(n.Ready))
	add("watchdog", either(o.Watchdog, n.Watchdog), yesNo(o.Watchdog), yesNo(n.Watchdog))
	add("passed descriptors", supersets(passed(o.Sockets), passed(n.Sockets)), quoted(passed(o.Sockets)), quoted(passed(n.Sockets)))
	add("credentials", supersets(passed(o.Credentials), passed(n.Credentials)), quoted(passed(o.Credentials)), quoted(passed(n.Credentials)))
	return nil
}

func ready(r sealed.Ready) string {
	switch r {
	case sealed.ReadyExec:
		return "exec"
	case sealed.ReadyNotify:
		return "notify"
	}
	return fmt.Sprint(r)
}

func passed(list []sealed.Passed) []string {
	var names []string
	for _, p := range list {
		names = append(names, p.Name)
	}
	return names
}

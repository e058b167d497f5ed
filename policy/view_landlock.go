package main

import (
	"fmt"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/beneath"
)

// landlockRows word the domain: what it looks at, then its rules.
func landlockRows(p *sealed.Policy) []row {
	l := &p.LSM.Landlock
	if l.None() {
		return []row{{"off", "", l.At}}
	}
	rows := []row{{"min_abi", abiText(l.MinABI), l.At}}
	switch {
	case l.Files == 0:
		rows = append(rows, row{"files", "not looked at: the policy allows to mount", l.At})
	case beneath.Follow(p):
		rows = append(rows, row{"files", "as the mounts allow", l.At})
	default:
		for _, b := range l.Beneath {
			rows = append(rows, row{b.Path, beneath.Words(b.Allow), b.At})
		}
	}
	for _, r := range []struct {
		name  string
		right uint64
	}{{"bind", sealed.PortBind}, {"connect", sealed.PortConnect}} {
		if l.Net&r.right != 0 {
			rows = append(rows, row{"tcp " + r.name, portsText(l.Ports, r.right), l.At})
		}
	}
	for _, s := range []struct {
		name  string
		scope uint64
	}{{"abstract sockets", sealed.ScopeAbstract}, {"signals", sealed.ScopeSignals}} {
		if l.Scoped&s.scope != 0 {
			rows = append(rows, row{s.name, "only the container's own", l.At})
		}
	}
	if l.Log {
		rows = append(rows, row{"log", "denials go to the host's audit log", l.At})
	}
	return rows
}

func abiText(abi uint8) string {
	if abi == 0 {
		return "none demanded"
	}
	return fmt.Sprint(abi)
}

func portsText(ports []sealed.Port, right uint64) string {
	var list []string
	for _, p := range ports {
		if p.Allow&right != 0 {
			list = append(list, fmt.Sprint(p.Number))
		}
	}
	if list == nil {
		return "none"
	}
	return strings.Join(list, " ")
}

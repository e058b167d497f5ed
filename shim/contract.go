package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"casemate/internal/exit"
	"casemate/internal/orders"
	"casemate/internal/plan"
	"casemate/internal/prepare"
	"casemate/internal/sealed"
	"casemate/internal/verify"
	"casemate/selinux"
	"casemate/shim/supervise"

	"golang.org/x/sys/unix"
)

// orders are init's: the policy's, and what of the service manager's contract the policy
// wants. Of the environment of the shim nothing else reaches the workload.
func (l *launched) orders() *orders.Orders {
	p := l.file.Policy
	o := &orders.Orders{
		Argv: p.Exec.Argv, Env: slices.Clone(p.Exec.Env), Cwd: p.Exec.Cwd, TTY: p.Exec.TTY,
		Scope: orders.Scope(p.Signals.Scope), Stop: p.Signals.Stop, Grace: p.Signals.Grace,
	}
	for _, f := range p.Signals.Forward {
		o.Forward = append(o.Forward, orders.Forward(f))
	}
	set := func(name, value string) { o.Env = append(o.Env, name+"="+value) }
	m, passed := &p.Manager, &l.facts.Manager
	if len(m.Credentials) != 0 {
		set("CREDENTIALS_DIRECTORY", sealed.SecretsPath)
	}
	if len(m.Sockets) != 0 {
		o.Sockets = uint8(len(passed.Listen))
		set("LISTEN_FDS", strconv.Itoa(len(passed.Listen)))
		set("LISTEN_FDNAMES", strings.Join(passed.Listen, ":"))
		o.OwnPID = append(o.OwnPID, "LISTEN_PID")
	}
	if m.Notify() {
		set("NOTIFY_SOCKET", sealed.NotifyPath)
	}
	if m.Watchdog {
		set("WATCHDOG_USEC", strconv.FormatUint(passed.Watchdog, 10))
		o.OwnPID = append(o.OwnPID, "WATCHDOG_PID")
	}
	return o
}

// contract is what passes between the workload and the service manager while it runs.
func (l *launched) contract() supervise.Contract {
	m := &l.file.Policy.Manager
	return supervise.Contract{
		Socket: l.notify, Ready: m.Ready == sealed.ReadyNotify, Watchdog: m.Watchdog, ReadyFD: l.options.ready,
	}
}

// descriptors are those that init must have at the gate besides 0 to 2: the gate and the
// service manager's. The orders are closed by then.
func (l *launched) descriptors() ([]verify.Descriptor, error) {
	var list []verify.Descriptor
	add := func(number int, slot string) error {
		leads, err := verify.Link(l.view.Proc(), os.Getpid(), l.fds[slot])
		list = append(list, verify.Descriptor{Number: number, Leads: leads})
		return err
	}
	if err := add(orders.GateFD, plan.Gate); err != nil {
		return nil, err
	}
	for _, o := range l.plan.Opens {
		if o.Kind != plan.Listen {
			continue
		}
		if err := add(orders.SocketFD+o.N, o.Slot); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// namespaces are those that the child enters, by name: what /proc/PID/ns must show.
func (l *launched) namespaces() (map[string]string, error) {
	entered := map[string]string{}
	for _, o := range l.plan.Opens {
		if o.Kind != plan.Namespace && o.Kind != plan.Join {
			continue
		}
		var st unix.Stat_t
		if err := unix.Fstat(l.fds[o.Slot], &st); err != nil {
			return nil, fmt.Errorf("%s: %w", o.Slot, err)
		}
		name := plan.NetNS
		if o.Kind == plan.Namespace {
			name, _, _ = strings.Cut(o.Path, "_") // time_for_children is a time namespace
		}
		entered[name] = fmt.Sprintf("%s:[%d]", name, st.Ino)
	}
	return entered, nil
}

// secrets copies the credentials. One that the manager has not passed is lacking as a
// feature of the host would be: starting again does not bring it.
func (l *launched) secrets() (int, error) {
	p := l.file.Policy
	names := make([]string, len(p.Manager.Credentials))
	for i, c := range p.Manager.Credentials {
		names[i] = c.Name
	}
	label := selinux.MountOptions(p.LSM.Contexts.Files, p.LSM.SELinux.Text, l.facts.SELinux)
	fd, err := prepare.Secrets(l.facts.Manager.Credentials, names, p.Namespaces.HostUID(p.Exec.UID), p.Namespaces.HostGID(p.Exec.GID), label)
	return fd, exit.Wrap(exit.Lacking, err)
}

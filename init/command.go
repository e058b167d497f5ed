package main

import (
	"syscall"

	"casemate/internal/exit"
	"casemate/internal/inherit"
	_ "casemate/internal/inherit/hook" // at the start of this program
	"casemate/internal/orders"
	"casemate/internal/sys"
)

const usage = `Usage: casemate-init [OPTIONS] [--] CMD [ARG...]

Runs CMD as its main child, reaps what ends, passes signals on and exits with the
status of CMD: its own, or 128 and the number of the signal that ended it; 127 when
CMD is not found, 126 when it cannot be executed, 246 on misuse. What CMD leaves
behind gets TERM, and when the grace is over KILL.

  -g, --group              signals go to CMD's whole process group
  -c, --single-child       signals go to CMD alone; the default
  -S, --session            CMD gets a session of its own, with the terminal that
                           is standard input, and signals go to its whole group
  -r, --rewrite FROM:TO    pass FROM on as TO; 0 for TO drops it. Repeatable
  -e, --expect CODE        exit with 0 when CMD exits with CODE. Repeatable
  -p, --parent-death SIG   have SIG sent to casemate-init when its parent dies
  -P, --pause              run nothing: reap, and exit with 0 on INT or TERM
      --grace TIME         500ms, 10s, 2m: so long after TERM, what is left gets KILL.
                           Without it TERM sets no limit to CMD, and what CMD leaves
                           behind has 5s
  -w, --warn               say so when an orphan is reaped
  -v, --verbose            say what happens; -vv says more
  -s, --subreaper          for compatibility: it always is one where it is not PID 1
  -h, --help   -V, --version   -l, --license

Signals are names, with or without SIG, or numbers. The variables TINI_VERBOSITY,
TINI_KILL_PROCESS_GROUP, DUMB_INIT_SETSID and DUMB_INIT_DEBUG are honoured.
Called as dumb-init it takes -S for granted. Called as casemate-init without
arguments it takes its orders from casemate-shim.
`

// aloneGrace is the milliseconds that processes have to end when the main child has ended.
const aloneGrace = 5000

// commandLine is the job of a command line; none and no error when there was only
// something to print.
func commandLine(args []string) (*job, error) {
	env := inherit.Own(sys.Environ())
	j := &job{gate: noGate, options: options{verbosity: usual, grace: aloneGrace, patient: true}}
	var rest []string
	if len(args) > 0 { // an execve(2) without argv
		rest = args[1:]
	}
	command, err := j.parse(rest)
	switch {
	case err != nil:
		return nil, err
	case j.answer != "":
		sys.Write(1, []byte(j.answer))
		return nil, nil
	case j.pause && len(command) > 0:
		return nil, misuse("-P runs nothing: leave " + command[0] + " away")
	case !j.pause && (len(command) == 0 || command[0] == ""):
		return nil, misuse("no command: run casemate-init -- CMD, or let casemate-shim run it")
	}
	j.environment(env, len(args) > 0 && base(args[0]) == "dumb-init")
	j.Scope, j.Grace, j.Forward = j.scope, j.grace, j.forward
	j.Stop = j.forwarded(syscall.SIGTERM)
	if err := j.settleAlone(); err != nil || j.pause {
		return j, err
	}
	j.Argv, j.path = command, search(command[0], env)
	j.Env, j.OwnPID = ownPID(env)
	return j, nil
}

// environment takes what tini and dumb-init read from the environment. The command line
// has the last word but for TINI_VERBOSITY, as with them.
func (o *options) environment(env []string, dumb bool) {
	if text, set := variable(env, "TINI_VERBOSITY"); set {
		n, _ := number(text)
		o.verbosity = int(n)
	}
	if text, _ := variable(env, "DUMB_INIT_DEBUG"); text == "1" {
		o.verbosity = tracing
	}
	if _, set := variable(env, "TINI_KILL_PROCESS_GROUP"); set && !o.single {
		o.scope = orders.ScopeGroup
	}
	if text, set := variable(env, "DUMB_INIT_SETSID"); (set || dumb) && text != "0" && !o.single {
		o.session, o.scope = true, orders.ScopeGroup
	}
}

// forwarded is what becomes of a signal.
func (o *options) forwarded(signal syscall.Signal) uint8 {
	for _, f := range o.forward {
		if f.From == uint8(signal) {
			return f.To
		}
	}
	return uint8(signal)
}

// settleAlone does for init itself what the command line asks for.
func (j *job) settleAlone() error {
	// Orphans come to PID 1 by themselves, to anybody else only on demand.
	if syscall.Getpid() != 1 {
		if err := sys.Prctl(sys.PR_SET_CHILD_SUBREAPER, 1); err != nil {
			return because(exit.Step, "PR_SET_CHILD_SUBREAPER", err)
		}
	}
	if j.deathSignal != 0 {
		if err := sys.Prctl(syscall.PR_SET_PDEATHSIG, uintptr(j.deathSignal)); err != nil {
			return because(exit.Step, "PR_SET_PDEATHSIG", err)
		}
	}
	j.ignored, j.blocked = inherit.Ignored, inherit.Blocked
	j.takeTerminal()
	return nil
}

// ownPID parts the variables that hold the process number of who may use them, which the
// manager has set to init's and which must be the workload's (sd_listen_fds(3),
// sd_watchdog_enabled(3)), from the rest.
func ownPID(env []string) (rest, own []string) {
	self := int32(syscall.Getpid())
	for _, name := range []string{"LISTEN_PID", "WATCHDOG_PID"} {
		if text, _ := variable(env, name); is(text, self) {
			own = append(own, name)
		}
	}
	if own == nil {
		return env, nil
	}
	for _, e := range env {
		name, _ := cut(e, '=')
		if len(name) == len(e) || name != own[0] && name != own[len(own)-1] {
			rest = append(rest, e)
		}
	}
	return rest, own
}

func is(text string, pid int32) bool {
	n, ok := number(text)
	return ok && int32(n) == pid
}

// base is what follows the last slash.
func base(path string) string {
	for contains(path, '/') {
		_, path = cut(path, '/')
	}
	return path
}

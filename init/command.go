package main

import (
	"syscall"

	"casemate/internal/exit"
	"casemate/internal/orders"
	"casemate/internal/sys"
)

const usage = `Usage: casemate-init [--] CMD [ARG...]
       casemate-init --version | --help

Runs CMD as its main child, reaps what ends, passes signals on and exits with the
status of CMD: its own, or 128 and the number of the signal that ended it; 127 when
CMD is not found, 126 when it cannot be executed, 246 on misuse.
Called as casemate-init without arguments it takes its orders from casemate-shim.
`

// commandOf is the command on the command line; none and no error when only help or the
// version was asked for.
func commandOf(args []string) ([]string, error) {
	if len(args) < 2 {
		return nil, misuse("no command: run casemate-init -- CMD, or let casemate-shim run it")
	}
	first, rest := args[1], args[2:]
	switch {
	case first == "--help" && len(rest) == 0:
		sys.Write(1, []byte(usage))
		return nil, nil
	case first == "--version" && len(rest) == 0:
		sys.Write(1, []byte("casemate-init "+version+"\n"))
		return nil, nil
	case first == "--" && (len(rest) == 0 || rest[0] == ""), first == "":
		return nil, misuse("no command: run casemate-init -- CMD")
	case first == "--":
		return rest, nil
	case first[0] == '-':
		return nil, misuse("unknown option " + first + ": put -- before the command, or see casemate-init --help")
	}
	return args[1:], nil
}

// aloneGrace is the milliseconds that processes have to end when the main child has ended.
const aloneGrace = 5000

// alone is the job of a command line.
func alone(command []string) (*job, error) {
	// Orphans come to PID 1 by themselves, to anybody else only on demand.
	if syscall.Getpid() != 1 {
		if err := sys.Prctl(sys.PR_SET_CHILD_SUBREAPER, 1); err != nil {
			return nil, because(exit.Step, "PR_SET_CHILD_SUBREAPER", err)
		}
	}
	group, err := sys.Tcgetpgrp(0)
	env := sys.Environ()
	return &job{
		Orders:     orders.Orders{Argv: command, Env: env, Stop: uint8(syscall.SIGTERM), Grace: aloneGrace},
		patient:    true,
		path:       search(command[0], env),
		gate:       noGate,
		foreground: err == nil && group == syscall.Getpgrp(),
	}, nil
}

// search finds a command as execvp(3) does: what has a slash is a path; anything else
// is looked for in PATH, where an empty element is the current directory. If it is
// nowhere, the first file that may not be executed is given, or else the name: execve
// will say what is wrong.
func search(name string, env []string) string {
	refused := ""
	path := pathOf(env)
	for !contains(name, '/') && path != "" {
		var dir string
		dir, path = cut(path, ':')
		if dir == "" {
			dir = "."
		}
		file := dir + "/" + name
		var st syscall.Stat_t
		if syscall.Stat(file, &st) != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG {
			continue
		}
		if syscall.Access(file, 1) == nil { // X_OK
			return file
		}
		if refused == "" {
			refused = file
		}
	}
	if refused != "" {
		return refused
	}
	return name
}

// pathOf is PATH, or what execvp(3) takes in its place.
func pathOf(env []string) string {
	for _, e := range env {
		if len(e) >= 5 && e[:5] == "PATH=" {
			return e[5:]
		}
	}
	return "/bin:/usr/bin"
}

// cut splits s at the first c. It and contains stand here because package strings would bring
// the tables of unicode into PID 1.
func cut(s string, c byte) (before, after string) {
	for i := range len(s) {
		if s[i] == c {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

func contains(s string, c byte) bool {
	for i := range len(s) {
		if s[i] == c {
			return true
		}
	}
	return false
}

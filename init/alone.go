package main

import (
	"strings"

	"casemate/internal/exit"

	"golang.org/x/sys/unix"
)

// becomeAlone is what init does for itself when nobody has confined it.
func becomeAlone() {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		die(exit.Step, "PR_SET_DUMPABLE: ", err.Error())
	}
	// Orphans come to PID 1 by themselves, to anybody else on demand only.
	if unix.Getpid() == 1 {
		return
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		die(exit.Step, "PR_SET_CHILD_SUBREAPER: ", err.Error())
	}
}

// foreground tells whether our standard input is our terminal and we are its
// foreground process group, which the child shall be instead.
func foreground() bool {
	group, err := unix.IoctlGetInt(0, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// search finds a command as execvp(3) does: a name with a slash is a path, any other
// is looked for in PATH, where an empty element is the current directory. When there
// is none the first path that could not be executed is given, or the name itself, and
// execve will say why.
func search(name string, env []string) string {
	if strings.Contains(name, "/") {
		return name
	}
	refused := ""
	for dir := range strings.SplitSeq(pathOf(env), ":") {
		if dir == "" {
			dir = "."
		}
		path := dir + "/" + name
		var st unix.Stat_t
		if unix.Stat(path, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
			continue
		}
		if unix.Access(path, unix.X_OK) == nil {
			return path
		}
		if refused == "" {
			refused = path
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
		if path, ok := strings.CutPrefix(e, "PATH="); ok {
			return path
		}
	}
	return "/bin:/usr/bin"
}

package main

import (
	"errors"
	"fmt"

	"casemate/internal/exit"

	"golang.org/x/sys/unix"
)

const notOurs = "the terminal is another session's: let the shim lead it (setsid -c, or systemd's StandardInput=tty and TTYPath=), or give it one that is nobody's"

// checkTerminal looks at descriptor 0 before anything is made. A terminal of our own
// session must be ours to give up; one of another session shows at the step that takes it.
func checkTerminal() error {
	if _, err := unix.IoctlGetTermios(0, unix.TCGETS); err != nil {
		return exit.Wrap(exit.Lacking, fmt.Errorf("exec.tty: descriptor 0 is not a terminal: %w; systemd has StandardInput=tty and TTYPath=", err))
	}
	if session, err := unix.IoctlGetInt(0, unix.TIOCGSID); err == nil && session != unix.Getpid() {
		return exit.Wrap(exit.Lacking, errors.New("exec.tty: "+notOurs))
	}
	return nil
}

// giveUpTerminal makes the terminal nobody's, for the container's session to take. The
// kernel sends HUP and CONT to our group for it, in our name; they go no further
// (supervise.Signals).
func giveUpTerminal() error {
	if session, err := unix.IoctlGetInt(0, unix.TIOCGSID); err != nil || session != unix.Getpid() {
		return nil
	}
	if err := unix.IoctlSetInt(0, unix.TIOCNOTTY, 0); err != nil {
		return fmt.Errorf("give the terminal up: TIOCNOTTY: %w", err)
	}
	return nil
}

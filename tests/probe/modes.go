package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// modes by their first argument.
var modes = map[string]func(args []string) int{
	"exit":       exitWith,
	"die":        die,
	"signals":    signals,
	"sleep":      sleep,
	"orphans":    orphans,
	"contract":   contract,
	"eat":        eat,
	"eat-child":  eatAsChild,
	"breed":      breed,
	"burn":       burn,
	"processors": processors,
	"write":      writeThrough,
	middle:       runMiddle,
	orphan:       runOrphan,
}

// number is the only argument of a mode.
func number(args []string, most int) (int, bool) {
	if len(args) != 1 {
		return 0, false
	}
	n, err := strconv.Atoi(args[0])
	return n, err == nil && n >= 0 && n <= most
}

func exitWith(args []string) int {
	n, ok := number(args, 255)
	if !ok {
		return usage("exit: wants a status from 0 to 255")
	}
	return n
}

// die executes the C program of that name, which lies beside this one: the Go
// runtime has handlers for most signals and no way to give back the default action.
func die(args []string) int {
	n, ok := number(args, 64)
	if !ok && len(args) == 1 {
		n = int(unix.SignalNum(args[0]))
	}
	if n == 0 {
		return usage("die: wants the number or the name of a signal")
	}
	program := filepath.Join(filepath.Dir(os.Args[0]), "die")
	err := unix.Exec(program, []string{"die", strconv.Itoa(n)}, os.Environ())
	return usage("die: exec %s: %v", program, err)
}

// signals prints "NUMBER NAME" for each signal, in the order of arrival, and ends
// with TERM. Go leaves 32, 33 and 34 to the C library, so that these are not seen.
// Without collection the runtime sends itself no SIGURG.
func signals([]string) int {
	debug.SetGCPercent(-1)
	got := make(chan os.Signal, 256)
	signal.Notify(got)
	fmt.Println("ready")
	for s := range got {
		n := s.(unix.Signal)
		fmt.Println(signalLine(n))
		if n == unix.SIGTERM {
			break
		}
	}
	return 0
}

// signalLine names real-time signals by their distance from the C library's SIGRTMIN.
func signalLine(s unix.Signal) string {
	name := unix.SignalName(s)
	if name == "" {
		name = fmt.Sprintf("SIGRTMIN%+d", int(s)-34)
	}
	return fmt.Sprintf("%d %s", int(s), name)
}

func sleep([]string) int {
	fmt.Println("ready")
	for {
		time.Sleep(time.Hour)
	}
}

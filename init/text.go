package main

import "syscall"

// Text of the command line and the environment. Package strings would bring the tables of
// unicode into PID 1, package time its zones.

// cut splits s at the first c.
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

// variable is the value of a variable, the first of its name.
func variable(env []string, name string) (value string, set bool) {
	for _, e := range env {
		if len(e) > len(name) && e[len(name)] == '=' && e[:len(name)] == name {
			return e[len(name)+1:], true
		}
	}
	return "", false
}

// number reads a decimal number without a sign, at most seven digits.
func number(s string) (n uint32, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' || i == 7 {
			return 0, false
		}
		n = n*10 + uint32(s[i]-'0')
	}
	return n, s != ""
}

// day bounds a grace, in milliseconds.
const day = 24 * 60 * 60 * 1000

// milliseconds reads a number with the unit ms, s, m or h; s is meant without one.
func milliseconds(s string) (uint32, bool) {
	digits := 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	n, ok := number(s[:digits])
	unit := uint64(1000)
	switch s[digits:] {
	case "ms":
		unit = 1
	case "", "s":
	case "m":
		unit = 60 * 1000
	case "h":
		unit = 60 * 60 * 1000
	default:
		return 0, false
	}
	total := uint64(n) * unit
	return uint32(total), ok && total <= day
}

const signalHint = "signals are names like TERM or SIGTERM, RTMIN+3, or numbers from 1 to 64"

// signalNames are the kernel's, by number; where a number has two, the one of signal(7)
// that comes first. The numbers are the same on the architectures that we build for.
var signalNames = [...]string{
	1: "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT",
	"CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
}

// Real-time signals as glibc counts them: the kernel's 32 and 33 are its own.
const (
	rtMin = 34
	rtMax = 64
)

// signalNumber reads a signal by name, with or without SIG, or by number; 0 is none.
func signalNumber(s string) int {
	if n, ok := number(s); ok {
		if n > rtMax {
			return 0
		}
		return int(n)
	}
	if len(s) > 3 && s[:3] == "SIG" {
		s = s[3:]
	}
	for n, name := range signalNames {
		if n > 0 && name == s {
			return n
		}
	}
	switch s {
	case "RTMIN":
		return rtMin
	case "RTMAX":
		return rtMax
	case "CLD":
		return int(syscall.SIGCHLD)
	case "IOT":
		return int(syscall.SIGABRT)
	case "POLL":
		return int(syscall.SIGIO)
	}
	if len(s) < 7 {
		return 0
	}
	switch n, ok := number(s[6:]); {
	case !ok || n > rtMax-rtMin:
		return 0
	case s[:6] == "RTMIN+":
		return rtMin + int(n)
	case s[:6] == "RTMAX-":
		return rtMax - int(n)
	}
	return 0
}

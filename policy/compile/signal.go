package compile

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/syntax"

	"golang.org/x/sys/unix"
)

// drop is the word for a signal that init swallows.
const drop = "drop"

// signals resolves what init does with signals. The workload may get any signal;
// init can hand on only what it can catch, and keeps CHLD for itself, by which it
// learns of its children.
func (c *compiler) signals() {
	s := &c.out.Signals
	for _, name := range c.file.Find("signals.forward").Keys() {
		n := c.file.Find("signals.forward", name)
		from := c.signal(name, n.Key)
		if from == uint8(unix.SIGKILL) || from == uint8(unix.SIGSTOP) || from == uint8(unix.SIGCHLD) {
			c.fail(n.Key, name, "KILL and STOP cannot be caught, CHLD is init's own", "the signal is never forwarded")
			continue
		}
		var to uint8
		if v := c.file.Signals.Forward[name]; v != drop {
			to = c.signal(v, n.Pos)
		}
		if from != 0 {
			s.Forward = append(s.Forward, sealed.Forward{From: from, To: to})
		}
	}
	slices.SortFunc(s.Forward, func(a, b sealed.Forward) int { return cmp.Compare(a.From, b.From) })
	for i := range s.Forward[min(1, len(s.Forward)):] {
		if s.Forward[i].From == s.Forward[i+1].From {
			c.fail(c.file.KeyPos("signals.forward"), strconv.Itoa(int(s.Forward[i].From)), "", "one signal under two names")
		}
	}
	s.Scope = map[string]sealed.Scope{"group": sealed.ScopeGroup}[given(c.file.Signals.Scope, "main")]
}

// Real-time signals as glibc counts them: the kernel's 32 and 33 are its own.
const (
	rtMin = 34
	rtMax = 64
)

// signal gives the number of a name without SIG; 0 for a bad one.
func (c *compiler) signal(name string, p syntax.Position) uint8 {
	if n := signalNumber(name); n != 0 {
		return n
	}
	hint := `names without SIG: TERM, HUP, USR1, "RTMIN+3"`
	if short := strings.TrimPrefix(strings.ToUpper(name), "SIG"); signalNumber(short) != 0 {
		hint = "write " + short
	} else if near := syntax.DidYouMean(short, signalNames()); near != "" {
		hint = near
	}
	c.fail(p, name, hint, "unknown signal")
	return 0
}

func signalNumber(name string) uint8 {
	for _, rt := range []struct {
		name string
		base int
		sign string
	}{{"RTMIN", rtMin, "+"}, {"RTMAX", rtMax, "-"}} {
		rest, ok := strings.CutPrefix(name, rt.name)
		if !ok {
			continue
		}
		digits, signed := strings.CutPrefix(rest, rt.sign)
		n, isNumber := decimal(digits)
		if rest == "" || signed && isNumber && n <= rtMax-rtMin {
			if rt.sign == "-" {
				return uint8(rt.base - int(n))
			}
			return uint8(rt.base + int(n))
		}
		return 0
	}
	return uint8(unix.SignalNum("SIG" + name))
}

func signalNames() []string {
	var names []string
	for n := unix.SIGHUP; n < 32; n++ {
		names = append(names, strings.TrimPrefix(unix.SignalName(n), "SIG"))
	}
	return names
}

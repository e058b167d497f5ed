package compile

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

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
	s.Scope = map[string]sealed.Scope{"group": sealed.ScopeGroup, "all": sealed.ScopeAll}[given(c.file.Signals.Scope, "main")]
	c.stop()
}

// stop resolves what the request to stop becomes: unless the policy says it, what TERM is
// forwarded as.
func (c *compiler) stop() {
	s := &c.out.Signals
	if given := c.file.Signals.Stop; given != nil {
		p := c.file.Pos("signals.stop")
		if s.Stop = c.signal(*given, p); s.Stop == uint8(unix.SIGSTOP) {
			c.fail(p, *given, "STOP halts a process, and nothing ends it but the grace", "not a signal to stop with")
		}
		return
	}
	s.Stop = uint8(unix.SIGTERM)
	for _, f := range s.Forward {
		if f.From == uint8(unix.SIGTERM) {
			s.Stop = f.To
		}
	}
	if v := c.file.Signals.Forward["TERM"]; v == drop || v == "STOP" {
		c.fail(c.file.Pos("signals.forward", "TERM"), v, `name the signal to stop with: stop = "QUIT"`, "TERM ends nothing any more")
	}
}

// Defaults and bounds of the time between the request to stop and SIGKILL. The default is
// below systemd's own of 90 s (DefaultTimeoutStopSec, systemd-system.conf(5)), so that init
// ends the workload and tells how, before the manager ends the shim.
const defaultGrace = 80 * time.Second

func (c *compiler) grace() {
	d := defaultGrace
	if text := c.file.Signals.Grace; text != nil {
		var err error
		d, err = time.ParseDuration(*text)
		bad := func(why string) { c.fail(c.file.Pos("signals.grace"), *text, `write "10s" or "2m"`, "%s", why) }
		switch {
		case err != nil || d < 0:
			bad("not a time")
		case d > sealed.MaxGrace*time.Millisecond:
			bad("over 24h")
		case d%time.Millisecond != 0:
			bad("not whole milliseconds")
		}
	}
	c.out.Signals.Grace = uint32(d / time.Millisecond)
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

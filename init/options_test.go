package main

import (
	"slices"
	"strings"
	"testing"

	"casemate/internal/exit"
	"casemate/internal/orders"

	"golang.org/x/sys/unix"
)

// parsed is options as the command line says, over the defaults.
func parsed(set func(o *options)) options {
	o := options{verbosity: usual, grace: aloneGrace, patient: true}
	if set != nil {
		set(&o)
	}
	return o
}

func same(a, b options) bool {
	f := slices.Equal(a.forward, b.forward)
	a.forward, b.forward = nil, nil
	return f && a.answer == b.answer && a.expected == b.expected && a.scope == b.scope && a.session == b.session && a.single == b.single &&
		a.pause == b.pause && a.warn == b.warn && a.verbosity == b.verbosity && a.deathSignal == b.deathSignal && a.grace == b.grace && a.patient == b.patient
}

func TestParse(t *testing.T) {
	to := func(pairs ...uint8) func(*options) {
		return func(o *options) {
			for i := 0; i < len(pairs); i += 2 {
				o.forward = append(o.forward, orders.Forward{From: pairs[i], To: pairs[i+1]})
			}
		}
	}
	group := func(o *options) { o.scope = orders.ScopeGroup }
	grace := func(ms uint32) func(*options) { return func(o *options) { o.grace, o.patient = ms, false } }
	cases := []struct {
		args    string
		command string
		want    func(*options)
	}{
		// where options end
		{"-- sh -c x", "sh -c x", nil},
		{"sh -g --version", "sh -g --version", nil},
		{"-- --version", "--version", nil},
		{"-- -odd", "-odd", nil},
		{"-- -- x", "-- x", nil},
		{"- x", "- x", nil},
		{"-g sh -v", "sh -v", group},
		// each option
		{"-g sh", "sh", group},
		{"--group sh", "sh", group},
		{"-c sh", "sh", func(o *options) { o.single = true }},
		{"--single-child sh", "sh", func(o *options) { o.single = true }},
		{"-S sh", "sh", func(o *options) { o.session, o.scope = true, orders.ScopeGroup }},
		{"-gS sh", "sh", func(o *options) { o.session, o.scope = true, orders.ScopeGroup }},
		{"--session sh", "sh", func(o *options) { o.session, o.scope = true, orders.ScopeGroup }},
		{"-s sh", "sh", nil},
		{"--subreaper sh", "sh", nil},
		{"-w sh", "sh", func(o *options) { o.warn = true }},
		{"--warn sh", "sh", func(o *options) { o.warn = true }},
		{"-v sh", "sh", func(o *options) { o.verbosity = 2 }},
		{"-vv --verbose sh", "sh", func(o *options) { o.verbosity = 4 }},
		{"-P", "", func(o *options) { o.pause = true }},
		{"--pause", "", func(o *options) { o.pause = true }},
		{"-e 3 sh", "sh", func(o *options) { o.expected.add(3) }},
		{"-e3 -e143 --expect 0 --expect=255 sh", "sh", func(o *options) { o.expected = expected{1<<3 | 1, 0, 1 << (143 - 128), 1 << 63} }},
		{"-p KILL sh", "sh", func(o *options) { o.deathSignal = 9 }},
		{"-pSIGTERM sh", "sh", func(o *options) { o.deathSignal = 15 }},
		{"--parent-death=15 sh", "sh", func(o *options) { o.deathSignal = 15 }},
		{"-r 15:2 sh", "sh", to(15, 2)},
		{"-r15:0 --rewrite HUP:TERM --rewrite=SIGUSR1:RTMIN+3 sh", "sh", to(15, 0, 1, 15, 10, 37)},
		{"-r 15:2 -r TERM:3 sh", "sh", to(15, 3)},
		{"-r TERM:KILL sh", "sh", to(15, 9)},
		{"-r 64:31 sh", "sh", to(64, 31)},
		{"--grace 10 sh", "sh", grace(10000)},
		{"--grace=500ms sh", "sh", grace(500)},
		{"--grace 2m sh", "sh", grace(120000)},
		{"--grace 24h sh", "sh", grace(day)},
		{"--grace 0 sh", "sh", grace(0)},
		// together, as getopt(3) takes them
		{"-gvwe3 sh", "sh", func(o *options) { o.scope, o.verbosity, o.warn = orders.ScopeGroup, 2, true; o.expected.add(3) }},
		{"-vp TERM -- sh", "sh", func(o *options) { o.verbosity, o.deathSignal = 2, 15 }},
		{"-e -- sh", "", nil}, // refused, below: -- is the value
		// answers end the reading
		{"-h -x", "-x", func(o *options) { o.answer = usage }},
		{"-vVx", "", func(o *options) { o.verbosity, o.answer = 2, "casemate-init unreleased\n" }},
	}
	for _, c := range cases {
		o := parsed(nil)
		command, err := o.parse(strings.Fields(c.args))
		if c.args == "-e -- sh" {
			if err == nil {
				t.Errorf("%s: accepted", c.args)
			}
			continue
		}
		if want := parsed(c.want); err != nil || strings.Join(command, " ") != c.command || !same(o, want) {
			t.Errorf("%s: %+v, %q, %v; want %+v, %q", c.args, o, command, err, want, c.command)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	const signals = "signals are names like TERM"
	for args, want := range map[string]string{
		"-x -- sh":           "unknown option -x: put -- before the command",
		"-gxv sh":            "unknown option -xv: put",
		"--odd sh":           "unknown option --odd: put",
		"--grou sh":          "unknown option --grou: put",
		"---":                "unknown option ---: put",
		"--=x":               "unknown option --: put",
		"--group=yes sh":     "option --group takes no value: yes",
		"--group= sh":        "option --group takes no value: ",
		"-e":                 "option -e needs a value: -e CODE",
		"-ge":                "option -e needs a value: -e CODE",
		"--rewrite":          "option --rewrite needs a value: --rewrite FROM:TO",
		"--expect= sh":       "option -e : an exit code is a number from 0 to 255",
		"-e 256 sh":          "option -e 256: an exit code is a number from 0 to 255",
		"-e -1 sh":           "option -e -1: an exit code",
		"-e 3x sh":           "option -e 3x: an exit code",
		"-e 4294967299 sh":   "option -e 4294967299: an exit code",
		"-p 0 sh":            "option -p 0: " + signals,
		"-p 65 sh":           "option -p 65: " + signals,
		"-p FOO sh":          "option -p FOO: " + signals,
		"-p term sh":         "option -p term: " + signals,
		"-p RTMIN+31 sh":     "option -p RTMIN+31: " + signals,
		"-p RTMAX+1 sh":      "option -p RTMAX+1: " + signals,
		"-r 15 sh":           "option -r 15: write FROM:TO",
		"-r 15: sh":          "option -r 15:: write FROM:TO",
		"-r :15 sh":          "option -r :15: write FROM:TO",
		"-r 0:1 sh":          "option -r 0:1: write FROM:TO",
		"-r 15:2:3 sh":       "option -r 15:2:3: write FROM:TO",
		"-r TERM:00 sh":      "option -r TERM:00: write FROM:TO",
		"-r 65:1 sh":         "option -r 65:1: write FROM:TO",
		"-r KILL:TERM sh":    "option -r KILL:TERM: that signal is never passed on",
		"-r CHLD:0 sh":       "option -r CHLD:0: that signal is never passed on",
		"-g -c sh":           "-c, one child alone, excludes -g and -S",
		"-c -g sh":           "-g, the whole group, excludes -c",
		"-c -S sh":           "-S, a session for the group, excludes -c",
		"--grace 25h sh":     "option --grace 25h: write 500ms, 10s or 2m, at most a day",
		"--grace s sh":       "option --grace s: write",
		"--grace -1s sh":     "option --grace -1s: write",
		"--grace 1.5s sh":    "option --grace 1.5s: write",
		"--grace 99999999 x": "option --grace 99999999: write",
	} {
		o := parsed(nil)
		if command, err := o.parse(strings.Fields(args)); err == nil || !strings.HasPrefix(err.Error(), want) || exit.CodeOf(err) != exit.Usage {
			t.Errorf("%s: %q, %v; want %s", args, command, err, want)
		}
	}
}

// Every line of the table is in the help, and the other way round.
func TestUsageIsComplete(t *testing.T) {
	for _, o := range table {
		want := "--" + o.long
		if o.long == "" {
			continue // another letter for the same
		}
		if o.value != "" {
			want += " "
		}
		if !strings.Contains(usage, want) || o.letter != 0 && !strings.Contains(usage, "-"+string(o.letter)+", "+want) {
			t.Errorf("the help lacks -%c, %s", o.letter, want)
		}
	}
	for word := range strings.FieldsSeq(usage) {
		if name, ok := strings.CutPrefix(word, "--"); ok && name != "" && byName(strings.TrimRight(name, ",.")) == nil {
			t.Errorf("the help has %s", word)
		}
	}
}

// The environment of tini and dumb-init.
func TestEnvironmentOptions(t *testing.T) {
	group := func(o *options) { o.scope = orders.ScopeGroup }
	session := func(o *options) { o.session, o.scope = true, orders.ScopeGroup }
	single := func(o *options) { o.single = true }
	cases := []struct {
		env  string
		args string
		dumb bool
		want func(*options)
	}{
		{"", "", false, nil},
		{"TINI_SUBREAPER=", "", false, nil},
		{"TINI_VERBOSITY=3", "", false, func(o *options) { o.verbosity = 3 }},
		{"TINI_VERBOSITY=0", "-vv", false, func(o *options) { o.verbosity = 0 }}, // as tini: the variable wins
		{"TINI_VERBOSITY=loud", "", false, func(o *options) { o.verbosity = 0 }},
		{"TINI_KILL_PROCESS_GROUP=", "", false, group},
		{"TINI_KILL_PROCESS_GROUP=0", "", false, group}, // as tini: that it is set counts
		{"TINI_KILL_PROCESS_GROUP=", "-c", false, single},
		{"DUMB_INIT_DEBUG=1", "", false, func(o *options) { o.verbosity = tracing }},
		{"DUMB_INIT_DEBUG=yes", "", false, nil},
		{"DUMB_INIT_SETSID=1", "", false, session},
		{"DUMB_INIT_SETSID=", "", false, session},
		{"DUMB_INIT_SETSID=0", "", false, nil},
		{"DUMB_INIT_SETSID=1", "-c", false, single},
		{"", "", true, session},
		{"DUMB_INIT_SETSID=0", "", true, nil},
		{"", "-c", true, single},
	}
	for _, c := range cases {
		o := parsed(nil)
		if _, err := o.parse(strings.Fields(c.args)); err != nil {
			t.Fatal(err)
		}
		o.environment([]string{"X" + c.env, c.env}, c.dumb)
		if want := parsed(c.want); !same(o, want) {
			t.Errorf("%s %s: %+v, want %+v", c.env, c.args, o, want)
		}
	}
}

// Names and numbers of signals, against golang.org/x/sys/unix.
func TestSignalNumber(t *testing.T) {
	for n := 1; n < 32; n++ {
		name := unix.SignalName(unix.Signal(n))
		if signalNumber(name) != n || signalNumber(strings.TrimPrefix(name, "SIG")) != n {
			t.Errorf("%s: %d, want %d", name, signalNumber(name), n)
		}
	}
	for name, n := range map[string]int{"RTMIN": 34, "SIGRTMIN+1": 35, "RTMAX": 64, "RTMAX-30": 34, "IOT": 6, "CLD": 17, "POLL": 29, "32": 32, "SIG": 0, "SIG9": 0, "": 0, "RTMIN+": 0, "RTMIN-1": 0} {
		if got := signalNumber(name); got != n {
			t.Errorf("%s: %d, want %d", name, got, n)
		}
	}
}

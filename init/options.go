package main

import (
	"syscall"

	"casemate/internal/orders"
	"casemate/internal/sys"
)

// options are what a command line and the environment ask for. The letters are tini's, and
// where tini has none, dumb-init's and catatonit's.
type options struct {
	scope       orders.Scope
	session     bool // the workload leads a session of its own
	single      bool // -c was said, which excludes the two above
	pause       bool // no workload
	warn        bool // say so when an orphan is reaped
	verbosity   int
	deathSignal uint8 // comes to init when its parent dies; 0 for none
	grace       uint32
	patient     bool // the request to stop does not start the grace
	expected    expected
	forward     []orders.Forward
	answer      string // to be printed; nothing is started
}

// Verbosity, as TINI_VERBOSITY counts. What forbids a start is said always.
const (
	quiet   = 0
	usual   = 1
	talking = 2 // start and end of the main child
	tracing = 3 // every signal and every child
)

// option is one of the command line. It has a letter, a long name or both.
type option struct {
	letter byte
	long   string
	value  string // what it takes, for messages; "" for none
	set    func(o *options, value string) error
}

var table = [...]option{
	{'c', "single-child", "", (*options).setSingle},
	{'e', "expect", "CODE", (*options).setExpected},
	{'g', "group", "", (*options).setGroup},
	{'h', "help", "", func(o *options, _ string) error { o.answer = usage; return nil }},
	{'l', "license", "", setLicense},
	{'L', "", "", setLicense},
	{'p', "parent-death", "SIGNAL", (*options).setDeathSignal},
	{'P', "pause", "", func(o *options, _ string) error { o.pause = true; return nil }},
	{'r', "rewrite", "FROM:TO", (*options).setRewrite},
	{'s', "subreaper", "", func(*options, string) error { return nil }}, // it always is one
	{'S', "session", "", (*options).setSession},
	{'v', "verbose", "", func(o *options, _ string) error { o.verbosity++; return nil }},
	{'V', "version", "", func(o *options, _ string) error { o.answer = "casemate-init " + version + "\n"; return nil }},
	{'w', "warn", "", func(o *options, _ string) error { o.warn = true; return nil }},
	{0, "grace", "TIME", (*options).setGrace},
}

// parse reads the options and gives the command behind them. Options end at -- and at the
// first word that is none, as POSIX has it (getopt(3) with "+"): options of the command
// are the command's.
func (o *options) parse(args []string) (command []string, err error) {
	for len(args) > 0 && o.answer == "" && err == nil {
		word := args[0]
		switch {
		case word == "--":
			return args[1:], nil
		case len(word) < 2 || word[0] != '-':
			return args, nil
		case word[1] == '-':
			args, err = o.long(word[2:], args[1:])
		default:
			args, err = o.short(word[1:], args[1:])
		}
	}
	return args, err
}

// short takes a word of letters, `-gv`, `-e3`; the value of the last may be the next word.
func (o *options) short(letters string, args []string) ([]string, error) {
	for i := 0; i < len(letters) && o.answer == ""; i++ {
		opt := byLetter(letters[i])
		switch {
		case opt == nil:
			return nil, misuse("unknown option -" + letters[i:] + ": put -- before the command, or see casemate-init --help")
		case opt.value == "":
			if err := opt.set(o, ""); err != nil {
				return nil, err
			}
		case i+1 < len(letters):
			return args, opt.set(o, letters[i+1:])
		default:
			return o.valued(opt, "-"+letters[i:], args)
		}
	}
	return args, nil
}

// long takes a long option, `--rewrite=15:2` or `--rewrite 15:2`.
func (o *options) long(word string, args []string) ([]string, error) {
	name, value := cut(word, '=')
	opt := byName(name)
	switch {
	case opt == nil:
		return nil, misuse("unknown option --" + name + ": put -- before the command, or see casemate-init --help")
	case opt.value == "" && contains(word, '='):
		return nil, misuse("option --" + name + " takes no value: " + value)
	case contains(word, '='):
		return args, opt.set(o, value)
	case opt.value == "":
		return args, opt.set(o, "")
	}
	return o.valued(opt, "--"+name, args)
}

// valued takes the value of an option from the next word.
func (o *options) valued(opt *option, said string, args []string) ([]string, error) {
	if len(args) == 0 {
		return nil, misuse("option " + said + " needs a value: " + said + " " + opt.value)
	}
	return args[1:], opt.set(o, args[0])
}

func byLetter(letter byte) *option {
	for i := range table {
		if table[i].letter == letter {
			return &table[i]
		}
	}
	return nil
}

func byName(name string) *option {
	for i := range table {
		if name != "" && table[i].long == name {
			return &table[i]
		}
	}
	return nil
}

func setLicense(o *options, _ string) error {
	o.answer = "casemate-init is under the Apache License, Version 2.0: https://www.apache.org/licenses/LICENSE-2.0\n"
	return nil
}

func (o *options) setSingle(string) error {
	if o.session || o.scope != orders.ScopeMain {
		return misuse("-c, one child alone, excludes -g and -S")
	}
	o.single = true
	return nil
}

func (o *options) setGroup(string) error {
	if o.single {
		return misuse("-g, the whole group, excludes -c")
	}
	o.scope = orders.ScopeGroup
	return nil
}

func (o *options) setSession(string) error {
	if o.single {
		return misuse("-S, a session for the group, excludes -c")
	}
	o.session, o.scope = true, orders.ScopeGroup
	return nil
}

func (o *options) setExpected(value string) error {
	code, ok := number(value)
	if !ok || code > 255 {
		return misuse("option -e " + value + ": an exit code is a number from 0 to 255")
	}
	o.expected.add(int(code))
	return nil
}

func (o *options) setDeathSignal(value string) error {
	n := signalNumber(value)
	if n == 0 {
		return misuse("option -p " + value + ": " + signalHint)
	}
	o.deathSignal = uint8(n)
	return nil
}

// setRewrite takes FROM:TO, by number or name; TO 0 drops the signal. The last word about
// a signal counts, as with dumb-init.
func (o *options) setRewrite(value string) error {
	left, right := cut(value, ':')
	from, to := signalNumber(left), signalNumber(right)
	switch {
	case from == 0 || to == 0 && right != "0":
		return misuse("option -r " + value + ": write FROM:TO, -r TERM:QUIT or -r 15:3, and 0 for TO to drop the signal; " + signalHint)
	case !sys.Catchable(from) || from == int(syscall.SIGCHLD):
		return misuse("option -r " + value + ": that signal is never passed on: KILL and STOP cannot be caught, CHLD is init's own")
	}
	for i := range o.forward {
		if int(o.forward[i].From) == from {
			o.forward[i].To = uint8(to)
			return nil
		}
	}
	o.forward = append(o.forward, orders.Forward{From: uint8(from), To: uint8(to)})
	return nil
}

func (o *options) setGrace(value string) error {
	ms, ok := milliseconds(value)
	if !ok {
		return misuse("option --grace " + value + ": write 500ms, 10s or 2m, at most a day")
	}
	o.grace, o.patient = ms, false
	return nil
}

// expected are exit codes that count as success, a bit each.
type expected [256 / 64]uint64

func (e *expected) add(code int) { e[code/64] |= 1 << (code % 64) }

// of is the exit code for a workload's.
func (e *expected) of(code int) int {
	if code >= 0 && code < 256 && e[code/64]>>(code%64)&1 != 0 {
		return 0
	}
	return code
}

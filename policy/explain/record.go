package explain

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"casemate/policy/filter"

	"golang.org/x/sys/unix"
)

// MaxRecord bounds a line of a log. The kernel's own are under 1 KiB; auditd's may have
// names added to them.
const MaxRecord = 8 << 10

// Record is what a seccomp record of the audit log says (kernel/auditsc.c,
// audit_seccomp): who made which call, and which action the filter answered with.
type Record struct {
	Arch   uint32 // AUDIT_ARCH_*
	NR     uint32
	Action filter.Action // without the errno, which the kernel does not log
	Comm   string        // the program's own word for itself, and so whatever it likes
}

// ErrNoRecord is the error of a line that is no seccomp record at all.
var ErrNoRecord = errors.New("not a seccomp record: it has no type=1326 and no type=SECCOMP")

// ParseRecord reads one line of the kernel log, of the journal or of auditd:
//
//	[ 12.3] audit: type=1326 audit(1700000000.123:45): … arch=c000003e syscall=165 compat=0 ip=0x… code=0x7ffc0000
//	type=SECCOMP msg=audit(1700000000.123:45): … (the same)
//
// What stands before the type is the log's. The fields that are asked for have to be
// there, each once and in the kernel's form.
func ParseRecord(line string) (*Record, error) {
	if len(line) > MaxRecord {
		return nil, fmt.Errorf("longer than %d bytes", MaxRecord)
	}
	line, _, _ = strings.Cut(strings.TrimRight(line, "\r\n"), "\x1d") // auditd's own additions
	if !utf8.ValidString(line) || strings.ContainsFunc(line, unprintable) {
		return nil, errors.New("not one printable line")
	}
	body, ok := recordBody(line)
	if !ok {
		return nil, ErrNoRecord
	}
	fields, err := recordFields(body)
	if err != nil {
		return nil, err
	}
	return fields.record()
}

// recordBody gives what follows the type and the time stamp.
func recordBody(line string) (string, bool) {
	for _, mark := range []string{"type=1326 ", "type=SECCOMP "} {
		at := strings.Index(line, mark)
		if at < 0 || at > 0 && line[at-1] != ' ' {
			continue
		}
		rest := strings.TrimPrefix(line[at+len(mark):], "msg=")
		stamp, body, ok := strings.Cut(rest, "): ")
		inside, opened := strings.CutPrefix(stamp, "audit(")
		if ok && opened && strings.Trim(inside, "0123456789.:") == "" {
			return body, true
		}
	}
	return "", false
}

// fields of a record, by name.
type fields map[string]string

// recordFields splits key=value pairs; a quoted value may hold spaces.
func recordFields(body string) (fields, error) {
	f := fields{}
	for rest := strings.TrimSpace(body); rest != ""; rest = strings.TrimLeft(rest, " ") {
		key, after, ok := strings.Cut(rest, "=")
		if !ok || key == "" || strings.ContainsAny(key, " \"") {
			return nil, fmt.Errorf("%q: a field is wanted here, such as syscall=165", clip(rest))
		}
		value, more, ok := recordValue(after)
		if !ok {
			return nil, fmt.Errorf("%s: the value has no end", clip(key))
		}
		if _, twice := f[key]; twice {
			return nil, fmt.Errorf("%s: the field is there twice", clip(key))
		}
		f[key], rest = value, more
	}
	return f, nil
}

func recordValue(s string) (value, rest string, ok bool) {
	if quoted, isQuoted := strings.CutPrefix(s, `"`); isQuoted {
		value, rest, ok = strings.Cut(quoted, `"`)
		return value, rest, ok && (rest == "" || rest[0] == ' ')
	}
	value, rest, _ = strings.Cut(s, " ")
	return value, rest, true
}

// clip shortens text of others for an error.
func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

func (f fields) record() (*Record, error) {
	arch, err := f.number("arch", 16, "")
	if err != nil {
		return nil, err
	}
	code, err := f.number("code", 16, "0x")
	if err != nil {
		return nil, err
	}
	r := &Record{Arch: arch, Action: filter.Action(code & unix.SECCOMP_RET_ACTION_FULL), Comm: f["comm"]}
	if f["syscall"] == "-1" { // a tracer has skipped it
		r.NR = filter.Skipped
		return r, nil
	}
	r.NR, err = f.number("syscall", 10, "")
	return r, err
}

// number reads a field of 32 bits.
func (f fields) number(key string, base int, prefix string) (uint32, error) {
	text, ok := f[key]
	if !ok {
		return 0, fmt.Errorf("the field %s is missing", key)
	}
	digits, ok := strings.CutPrefix(text, prefix)
	n, err := strconv.ParseUint(digits, base, 32)
	if !ok || err != nil {
		return 0, fmt.Errorf("%s=%s: not a number of the kernel's", key, clip(text))
	}
	return uint32(n), nil
}

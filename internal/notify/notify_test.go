package notify

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// passed is what the manager may hear of a datagram, and the keys that were dropped;
// "refused" for no message.
func passed(text string) (string, string) {
	m, ok := Parse([]byte(text))
	if !ok {
		return "refused", ""
	}
	var dropped []string
	for d := m.Dropped; d != 0; {
		var name string
		name, d = d.First()
		dropped = append(dropped, name)
	}
	if m.Barrier {
		return "barrier", strings.Join(dropped, ",")
	}
	return string(m.Append(nil)), strings.Join(dropped, ",")
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want, dropped string }{
		{"READY=1", "READY=1", ""},
		{"READY=1\n", "READY=1", ""},
		{"\n\nREADY=1\n\n", "READY=1", ""},
		{"STATUS=up\nREADY=1", "READY=1\nSTATUS=up", ""},
		{"STATUS=", "STATUS=", ""},
		{"STATUS=a=b", "STATUS=a=b", ""},
		{"STOPPING=1", "STOPPING=1", ""},
		{"RELOADING=1\nMONOTONIC_USEC=123", "RELOADING=1\nMONOTONIC_USEC=123", ""},
		{"RELOADING=1", "RELOADING=1", ""},
		{"MONOTONIC_USEC=123", "", "MONOTONIC_USEC"},
		{"ERRNO=2\nSTATUS=no file", "STATUS=no file\nERRNO=2", ""},
		{"ERRNO=4096", "", "ERRNO"},
		{"ERRNO=-1", "", "ERRNO"},
		{"EXTEND_TIMEOUT_USEC=3600000000", "EXTEND_TIMEOUT_USEC=3600000000", ""},
		{"EXTEND_TIMEOUT_USEC=3600000001", "", "EXTEND_TIMEOUT_USEC"},
		{"EXTEND_TIMEOUT_USEC=18446744073709551616", "", "EXTEND_TIMEOUT_USEC"},
		{"EXTEND_TIMEOUT_USEC=007", "", "EXTEND_TIMEOUT_USEC"},
		{"EXTEND_TIMEOUT_USEC=", "", "EXTEND_TIMEOUT_USEC"},
		{"WATCHDOG=1", "WATCHDOG=1", ""},
		{"WATCHDOG=trigger", "WATCHDOG=trigger", ""},
		{"WATCHDOG=2", "", "WATCHDOG"},
		{"READY=0", "", "READY"},
		{"READY=1 ", "", "READY"},
		{"ready=1", "", keyNames[other]},
		{" READY=1", "", keyNames[other]},
		{"READY", "", keyNames[other]},
		{"=1", "", keyNames[other]},
		{"MAINPID=1\nREADY=1", "READY=1", "MAINPID"},
		{"FDSTORE=1\nFDNAME=x", "", "FDSTORE,FDNAME"},
		{"NOTIFYACCESS=all\nWATCHDOG_USEC=1\nMAINPIDFD=1\nEXIT_STATUS=0", "", "MAINPIDFD,NOTIFYACCESS,WATCHDOG_USEC,EXIT_STATUS"},
		{"X_A=1\nX_B=2", "", keyNames[other]},
		{"BARRIER=1", "barrier", ""},
		{"BARRIER=1\n", "barrier", ""},
		{"BARRIER=2", "", "BARRIER"},
		// no messages
		{"", "refused", ""},
		{"\n", "refused", ""},
		{"BARRIER=1\nREADY=1", "refused", ""},
		{"BARRIER=1\nMAINPID=1", "refused", ""},
		{"READY=1\nREADY=1", "refused", ""},
		{"STATUS=a\nSTATUS=b", "refused", ""},
		{"READY=1\x00", "refused", ""},
		{"STATUS=a\x00MAINPID=1", "refused", ""},
		{"STATUS=\xff", "refused", ""},
		{"STATUS=" + strings.Repeat("x", MaxSize), "refused", ""},
	} {
		if got, dropped := passed(c.text); got != c.want || dropped != c.dropped {
			t.Errorf("%.40q: %.300q, dropped %q", c.text, got, dropped)
		}
	}
}

// A status is one printable line of bounded length, whatever the workload says.
func TestStatus(t *testing.T) {
	for text, want := range map[string]string{
		"\x1b[2J\r\t\x7f":        `\x1b[2J\x0d\x09\x7f`,
		"größe ≥ 1":              "größe ≥ 1",
		"a\u202eb\u2028":         `a\xe2\x80\xaeb\xe2\x80\xa8`,
		`C:\x`:                   `C:\x5cx`,
		"\u0085":                 `\xc2\x85`,
		"\ufffd":                 `\xef\xbf\xbd`, // cannot be told from what was no UTF-8
		strings.Repeat("x", 254): strings.Repeat("x", 254),
		strings.Repeat("x", 257): strings.Repeat("x", 253) + "...",
		strings.Repeat("ß", 200): strings.Repeat("ß", 126) + "...",
		strings.Repeat("\a", 65): strings.Repeat(`\x07`, 63) + "...",
	} {
		if got, _ := passed("STATUS=" + text); got != "STATUS="+want {
			t.Errorf("%.20q: %q", text, got)
		}
	}
}

func TestParseAllocatesNothing(t *testing.T) {
	text := []byte("RELOADING=1\nMONOTONIC_USEC=1\nSTATUS=\x1b" + strings.Repeat("x", 500) + "\nWATCHDOG=1\nMAINPID=1\nX=1")
	room := make([]byte, 0, MaxText)
	if n := testing.AllocsPerRun(100, func() {
		m, _ := Parse(text)
		room = m.Append(room[:0])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// allowed are the lines that may come out, by what stands before their values.
var allowed = []string{"READY=1", "RELOADING=1", "MONOTONIC_USEC=", "STOPPING=1", "STATUS=", "ERRNO=", "EXTEND_TIMEOUT_USEC=", "WATCHDOG=1", "WATCHDOG=trigger"}

// Whatever comes in: what goes out is short, printable lines with allowed keys, each once,
// and understands itself again.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"READY=1", "READY=1\nSTATUS=x\nMAINPID=1", "STATUS=\x1b]0;x\a", "BARRIER=1", "RELOADING=1\nMONOTONIC_USEC=1", "WATCHDOG=trigger",
		"STATUS=" + strings.Repeat("\u202e", 100), "STATUS=a\rREADY=1", "ERRNO=5\nERRNO=6", "EXTEND_TIMEOUT_USEC=99999999999999999999",
		"FDSTORE=1\nFDNAME=a\nFDPOLL=0", "\x00", "=", "STATUS=\\\\", strings.Repeat("A=\n", 1000),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, ok := Parse(bytes.Clone(b))
		if !ok {
			return
		}
		out := m.Append(nil)
		if len(out) > MaxText || m.Barrier && len(out) > 0 {
			t.Fatalf("%q: %q", b, out)
		}
		if len(out) == 0 {
			return
		}
		used := map[string]bool{}
		for line := range strings.SplitSeq(string(out), "\n") {
			key, _, _ := strings.Cut(line, "=")
			if !utf8.ValidString(line) || strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 || used[key] {
				t.Errorf("%q: the line %q", b, line)
			}
			used[key] = true
			if !isAllowed(line) {
				t.Errorf("%q: the line %q", b, line)
			}
		}
		again, ok := Parse(bytes.Clone(out))
		if !ok || again.Dropped != 0 {
			t.Errorf("%q: %q is not understood: %v", b, out, fmt.Sprint(again.Dropped))
		}
	})
}

func isAllowed(line string) bool {
	for _, a := range allowed {
		if line == a || strings.HasSuffix(a, "=") && strings.HasPrefix(line, a) {
			return true
		}
	}
	return false
}

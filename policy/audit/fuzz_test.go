package audit

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode"

	"casemate/internal/sealed"
)

// template is a sealed policy that uses all of the format.
func template(t testing.TB) []byte {
	b, err := os.ReadFile("../../internal/sealed/testdata/full.sealed")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Whatever can be decoded is audited: by any program, with any words in its fields. The
// report is printable, and its JSON is read back.
func FuzzAudit(f *testing.F) {
	full := template(f)
	f.Add(full, []byte(nil), "", "", uint64(0))
	f.Add([]byte(nil), assembled(ret(allow)), "/x", "LD_PRELOAD", ^uint64(0)>>1)
	f.Add([]byte(nil), assembled(ret(0)), "/proc", "A", uint64(1)<<21)
	f.Add([]byte(nil), native(jeq(257, 0, 3), load(24), jeq(7, 0, 1), ret(allow), ret(eperm)), "/var/lib/x", "B", uint64(3))
	f.Add([]byte(nil), native(ins{0x45, 1, 0, 1}, ret(eperm), ret(allow)), "/run/docker.sock", "C", uint64(5)) // odd and even numbers
	f.Add([]byte(nil), assembled(ins{0x02, 0, 0, 0}, ret(eperm)), "/", "D", uint64(7))
	f.Fuzz(func(t *testing.T, file, program []byte, path, word string, caps uint64) {
		if s, err := sealed.Decode(file); err == nil {
			reported(t, s)
		}
		s, err := sealed.Decode(full)
		if err != nil {
			t.Fatal(err)
		}
		p := s.Policy
		p.Filters[0].Program = program
		p.Caps = sealed.Capabilities{Keep: caps, Ambient: caps & (caps >> 1), At: word}
		p.Mounts = append(p.Mounts, sealed.Mount{Kind: sealed.Bind, Source: path, Target: "/zz", Writable: true, Exec: true, At: word})
		p.Exec.Env, p.Exec.Argv = []string{word + "=x"}, []string{"/x", path, word}
		p.LSM.AppArmor.Text, p.Exec.UID = word, uint32(len(word))
		if b, err := sealed.Encode(p, nil); err == nil {
			s, err = sealed.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			reported(t, s)
		}
	})
}

func reported(t *testing.T, s *sealed.File) {
	t.Helper()
	run := &Run{Options: Options{Level: ImmutableHost, Today: today}, FailOn: High}
	run.Reports = []*Report{Audit(&Subject{Path: "x.sealed", File: s, Sealed: true}, run.Options)}
	var text, doc, log bytes.Buffer
	if err := WriteText(&text, run); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexFunc(text.String(), func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
		t.Fatalf("not printable: %q", text.String()[max(0, i-40):])
	}
	if err := WriteJSON(&doc, run); err != nil {
		t.Fatal(err)
	}
	known, err := ReadKnown(doc.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for i := range run.Reports[0].Findings {
		f := &run.Reports[0].Findings[i]
		if !known.has(f) {
			t.Fatalf("%s %s: not read back", f.Rule.ID, f.Subject)
		}
		f.shows(t, run.Reports[0].Subject)
	}
	if err := WriteSARIF(&log, run); err != nil || !json.Valid(log.Bytes()) {
		t.Fatal("SARIF:", err)
	}
}

// An earlier report is anybody's file.
func FuzzKnown(f *testing.F) {
	f.Add([]byte(`{"format":"casemate-audit","version":1}`))
	f.Add([]byte(`{"format":"casemate-audit","version":1,"findings":[{"fingerprint":"00","severity":"low"}]}`))
	f.Add([]byte(`{"format":"casemate-audit","version":1,"findings":[{"fingerprint":"00","severity":"low","waived":{}}]}`))
	f.Add([]byte(strings.Repeat("[", 20000)))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := ReadKnown(b)
		if (k == nil) == (err == nil) {
			t.Fatal(k, err)
		}
		if k.has(&Finding{Severity: Critical, Fingerprint: "ff"}) && !bytes.Contains(b, []byte("ff")) {
			t.Fatal("known from nowhere")
		}
	})
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casemate/policy/compile"
)

// A workload chooses the names and calls in the log: each is answered with its own name,
// and no more of them than can be read.
func TestLogIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.toml")
	text := "policy = 1\nservice = \"x\"\nexec.argv = [\"/bin/x\"]\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := examine(path, compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	log := func(records int) string {
		var b strings.Builder
		for i := range records {
			fmt.Fprintf(&b, "type=1326 audit(1:1): comm=\"x%d\" arch=c000003e syscall=%d code=0x50000\n", i, 160+i%7)
		}
		return b.String()
	}
	a, err := logged(s.explained(), strings.NewReader(log(maxRecords)))
	if err != nil {
		t.Fatal(err)
	}
	if got := a.String(); strings.Count(got, "amd64 mount (165): EPERM") != (maxRecords+1)/7 || !strings.Contains(got, `calls itself "x4095" made a call`) {
		t.Errorf("%d bytes that begin with %.600s", len(got), got)
	}
	_, err = logged(s.explained(), strings.NewReader(log(maxRecords+1)))
	if want := "standard input, line 4097: more than 4096 different records"; err == nil || err.Error() != want {
		t.Errorf("%v, not %s", err, want)
	}
}

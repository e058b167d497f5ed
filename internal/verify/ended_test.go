package verify

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEndIsPrinted(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 5, 0, 0, time.UTC)
	for _, c := range []struct {
		receipt Receipt
		want    string
	}{
		{Receipt{Service: "web", PID: 42, Verified: at.Add(-time.Minute), Ended: &Ended{Cause: OOM, Status: 137, Signal: "SIGKILL", At: at, RanMS: 59123, Memory: &Memory{Max: 52, OOM: 1, Kills: 3, Groups: 1}}},
			`web: ended 2026-01-02T03:05:00Z: out of memory, SIGKILL; exit status 137 after 59.123s
  memory: the kernel killed 3 processes; memory.max was reached 52 times, 1 times in vain
  init was pid 42, verified 2026-01-02T03:04:00Z
`},
		{Receipt{Service: "web", Ended: &Ended{Cause: Failed, Status: 248, Error: "step 3: mount: no", At: at, Memory: &Memory{}}},
			"web: ended 2026-01-02T03:05:00Z: the launch failed; exit status 248 after 0s\n  step 3: mount: no\n"},
		{Receipt{Service: "web", PID: 1, Verified: at, Ended: &Ended{Cause: "new", Stopped: true, At: at}},
			"web: ended 2026-01-02T03:05:00Z: new, after it was told to stop; exit status 0 after 0s\n  init was pid 1, verified 2026-01-02T03:05:00Z\n"},
	} {
		var b strings.Builder
		c.receipt.Print(&b)
		got := b.String()[:strings.Index(b.String(), "  policy sha256")]
		if d := cmp.Diff(c.want, got); d != "" {
			t.Error(d)
		}
	}
	var b strings.Builder
	if receipt().PrintEnd(&b); b.Len() != 0 {
		t.Errorf("one that runs has ended: %q", b.String())
	}
}

// Every cause has words.
func TestCausesHaveWords(t *testing.T) {
	for _, c := range []Cause{Exit, Signal, OOM, NoExec, Killed, Stuck, Aborted, Lacking, Failed, Unverified, Bug, Lost} {
		if words[c] == "" {
			t.Errorf("%s has none", c)
		}
	}
}

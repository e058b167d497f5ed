package audit

import (
	"slices"
	"strings"
	"testing"
)

// The two smaller levels are what the Pod Security Standards define, and what the audit
// itself stands on.
var levels = map[Level]string{
	Baseline:   "SC-001 SC-002 SC-003 CAP-001 CAP-002 CAP-004 CAP-005 CAP-006 CAP-007 FS-002 FS-004 FS-005 NS-001 NS-002 LSM-002 LSM-003 SEAL-001 SEAL-002 SEAL-003 WV-001",
	Restricted: "SC-004 SC-005 SC-006 CAP-003 CAP-008 FS-003 NS-003 PRC-001 PRC-002",
}

func TestLevels(t *testing.T) {
	for level, want := range levels {
		var got []string
		for _, r := range rules {
			if r.Level == level {
				got = append(got, r.ID)
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %s", level, s)
		}
	}
}

func TestLevelsOfReports(t *testing.T) {
	s := compiled(t, head+"exec.user = \"0\"\nexec.group = \"0\"\nexec.umask = \"0022\"\nnamespaces.share = [\"ipc\"]"+why("exec.user", "namespaces.ipc"))
	for level, want := range map[Level]string{
		Baseline:      "NS-001",
		Restricted:    "NS-001 PRC-002 NS-003",
		ImmutableHost: "NS-001 LSM-001 PRC-002 NS-003 PRC-004 CG-001 CG-001",
	} {
		var got []string
		for _, f := range Audit(s, Options{Level: level, Today: today}).Findings {
			got = append(got, f.Rule.ID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %s", level, got)
		}
	}
}

func TestWords(t *testing.T) {
	for _, word := range []string{"low", "medium", "high", "critical"} {
		if s, err := ParseSeverity(word); err != nil || s.String() != word {
			t.Error(word, err)
		}
	}
	for _, word := range []string{"baseline", "restricted", "immutable-host"} {
		if l, err := ParseLevel(word); err != nil || l.String() != word {
			t.Error(word, err)
		}
	}
	for _, word := range []string{"", "none", "High", "all"} {
		if _, err := ParseSeverity(word); err == nil {
			t.Errorf("severity %q", word)
		}
		if _, err := ParseLevel(word); err == nil {
			t.Errorf("level %q", word)
		}
	}
	if !slices.IsSorted([]Severity{0, Low, Medium, High, Critical}) {
		t.Error("severities do not ascend")
	}
}

package audit

import (
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

const shared = "network.mode = \"host\"\n" + "capabilities.keep = [\"SYS_ADMIN\"]\n"

func waiver(rule, subject, reason, until string) string {
	s := "[[waive]]\nrule = \"" + rule + "\"\nwhy = \"" + reason + "\"\nuntil = " + until + "\n"
	if subject != "" {
		s += "subject = \"" + subject + "\"\n"
	}
	return s
}

const good = "this is only a test"

// What a waiver does to the finding that it is about, and what is said of the waiver.
func TestWaivers(t *testing.T) {
	for name, c := range map[string]struct {
		waiver        string
		rule, subject string // of the finding that is looked at
		waived        bool
		complaint     string // of WV-001; "" for none
		allow         bool
	}{
		"by rule":             {waiver("NS-002", "", good, "2026-11-26"), "NS-002", "namespaces.net", true, "", false},
		"by rule and subject": {waiver("NS-002", "namespaces.net", good, "2026-11-26"), "NS-002", "namespaces.net", true, "", false},
		"expired yesterday":   {waiver("NS-002", "", good, "2026-11-25"), "NS-002", "namespaces.net", false, "has expired on 2026-11-25", false},
		"expired last year":   {waiver("NS-002", "", good, "2025-12-31"), "NS-002", "namespaces.net", false, "has expired on 2025-12-31", false},
		"a year ahead":        {waiver("NS-002", "", good, "2027-01-01"), "NS-002", "namespaces.net", true, "", false},
		"no reason":           {waiver("NS-002", "", "because", "2027-01-01"), "NS-002", "namespaces.net", false, "has no sentence for a reason", false},
		"no rule":             {waiver("NS-020", "", good, "2027-01-01"), "NS-002", "namespaces.net", false, `names no rule; did you mean "NS-002"?`, false},
		"no finding":          {waiver("NS-001", "", good, "2027-01-01"), "NS-002", "namespaces.net", false, "matches no finding", false},
		"another subject":     {waiver("NS-002", "net", good, "2027-01-01"), "NS-002", "namespaces.net", false, `matches no finding; there are "namespaces.net"`, false},
		"cannot arise":        {waiver("PRC-001", "", good, "2027-01-01"), "NS-002", "namespaces.net", false, "matches no finding", false},
		"the proof":           {waiver("SC-002", "", good, "2027-01-01"), "NS-002", "namespaces.net", false, "SC-002 cannot be waived", false},
		"waivers themselves":  {waiver("WV-001", "", good, "2027-01-01"), "NS-002", "namespaces.net", false, "WV-001 cannot be waived", false},
		"critical":            {waiver("CAP-001", "", good, "2027-01-01"), "CAP-001", "capabilities.SYS_ADMIN", false, "", false},
		"critical, allowed":   {waiver("CAP-001", "", good, "2027-01-01"), "CAP-001", "capabilities.SYS_ADMIN", true, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := compiled(t, head+shared+why("namespaces.net", "capabilities.SYS_ADMIN")+c.waiver)
			r := Audit(s, Options{Level: ImmutableHost, Today: today, AllowCriticalWaivers: c.allow})
			f := of(r, c.rule, c.subject)
			if f == nil || (f.Waived != nil) != c.waived {
				t.Fatalf("%+v", f)
			}
			if c.waived && (f.Counts() || f.Waived.Why != good || f.Waived.Place.Line == 0) {
				t.Errorf("%+v", f.Waived)
			}
			complaints := findings(r, "WV-001")
			switch {
			case c.complaint == "" && len(complaints) != 0:
				t.Errorf("complaint: %s", complaints[0].Message)
			case c.complaint != "" && (len(complaints) != 1 || !strings.Contains(complaints[0].Message, c.complaint) || complaints[0].Severity != High):
				t.Errorf("complaints: %+v", complaints)
			}
			if name == "critical" && !strings.Contains(f.Message, "--allow-critical-waivers") {
				t.Error(f.Message)
			}
		})
	}
}

// A waiver of a base that matches nothing here may match in the next policy.
func TestWaiversOfBasesAreShared(t *testing.T) {
	s := compiled(t, head)
	s.Text.File = compiled(t, head+waiver("NS-001", "", good, "2027-01-01")).Text.File
	if f := findings(audited(s), "WV-001"); len(f) != 1 {
		t.Errorf("own: %+v", f)
	}
	for i := range s.Text.File.Waive { // as if it came by extends
		s.Text.File.Find("waive", i, "rule").Pos.File = "b.toml"
	}
	if f := findings(audited(s), "WV-001"); len(f) != 0 {
		t.Errorf("of a base: %+v", f)
	}
}

func TestDays(t *testing.T) {
	day := func(y, m, d int) toml.LocalDate { return toml.LocalDate{Year: y, Month: m, Day: d} }
	for _, c := range []struct {
		a, b toml.LocalDate
		want bool
	}{
		{day(2026, 11, 26), day(2026, 11, 26), false}, {day(2026, 11, 27), day(2026, 11, 26), true}, {day(2026, 11, 25), day(2026, 11, 26), false},
		{day(2027, 1, 1), day(2026, 12, 31), true}, {day(2026, 12, 1), day(2026, 11, 30), true}, {day(2026, 1, 31), day(2026, 2, 1), false}, {day(9999, 12, 31), day(1, 1, 1), true},
	} {
		if got := after(c.a, c.b); got != c.want {
			t.Errorf("%s after %s: %v", c.a, c.b, got)
		}
	}
}

package compile

import "testing"

const waiver = "[[waive]]\nrule = \"NS-002\"\nwhy = \"the front door\"\nuntil = 2027-06-30\n"

// A waiver is judged by the audit; the compiler demands its form, and grants nothing.
func TestWaivers(t *testing.T) {
	for _, text := range []string{
		waiver,
		waiver + "[[waive]]\nrule = \"NS-002\"\nsubject = \"net\"\nwhy = \"the front door\"\nuntil = 2027-06-30\n",
		"[[waive]]\nrule = \"ZZ-999\"\nwhy = \"x\"\nuntil = 1999-01-01\n", // for the audit to complain of
	} {
		good(t, text)
	}
}

func TestWaiversRefused(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"no rule's id": {"[[waive]]\nrule = \"net\"\nwhy = \"the front door\"\nuntil = 2027-06-30\n", `p.toml:6:8: not the id of a rule: "net"; hint: they look like NS-002`},
		"twice":        {waiver + waiver, `p.toml:10:8: waived twice, first at p.toml:6:8: "NS-002"`},
		"no day":       {"[[waive]]\nrule = \"NS-002\"\nwhy = \"the front door\"\n", `p.toml:5:3: the key is missing: "until"; hint: write: until = 2027-06-30`},
	})
}

// Those of bases count too; the policy's own takes the place of one of the same rule
// and subject.
func TestWaiversOfBases(t *testing.T) {
	text := func(why, subject string) string {
		return "[[waive]]\nrule = \"NS-002\"\nwhy = \"" + why + "\"\nuntil = 2027-06-30\n" + subject
	}
	files := map[string]string{
		"p.toml": "policy = 1\nservice = \"x\"\nexec.argv = [\"/bin/x\"]\nextends = [\"./b.toml\"]\n" + text("our own", ""),
		"b.toml": "policy = 1\n" + text("of the base", "") + text("of the base alone", "subject = \"net\"\n"),
	}
	r, err := result(t, files)
	if err != nil {
		t.Fatal(err)
	}
	if w := r.Text.Waive; len(w) != 2 || w[0].Why != "our own" || w[1].Why != "of the base alone" {
		t.Errorf("%+v", w)
	}
}

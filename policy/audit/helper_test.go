package audit

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casemate/internal/sealed"
	"casemate/policy/compile"

	"github.com/pelletier/go-toml/v2"
)

// head stands in lines 1 to 4 before each fragment of these tests.
const head = `policy  = 1
service = "x"
exec.argv = ["/bin/x"]
arch = ["amd64"]
`

var today = toml.LocalDate{Year: 2026, Month: 11, Day: 26}

// write puts a text into a directory of its own, which becomes the working directory.
func write(t testing.TB, text string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"p.toml": text, "passwd": "root:x:0:0:root:/root:/bin/sh\nwww:x:33:34:www:/var/www:/usr/sbin/nologin\n", "group": "root:x:0:\nwww:x:34:\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
}

// compiled is p.toml as a subject, as the tool makes one of a text.
func compiled(t *testing.T, text string) *Subject {
	t.Helper()
	return compiledOf(t, text)
}

// compiledOf is compiled for tests and benchmarks.
func compiledOf(t testing.TB, text string) *Subject {
	t.Helper()
	write(t, text)
	r, err := compile.Compile("p.toml", compile.Options{Passwd: "passwd", Group: "group"})
	if err != nil {
		t.Fatal(err)
	}
	return &Subject{Path: "p.toml", File: sealedOf(t, r.Policy), Text: &Text{r.Text, r.Rules, sealedOf(t, r.Policy).Policy}}
}

// sealedOf is a policy after a way through its sealed form.
func sealedOf(t testing.TB, p *sealed.Policy) *sealed.File {
	t.Helper()
	return signedBy(t, p, nil)
}

// signedBy is sealedOf with a signature, where there is a key.
func signedBy(t testing.TB, p *sealed.Policy, key ed25519.PrivateKey) *sealed.File {
	t.Helper()
	b, err := sealed.Encode(p, key)
	if err != nil {
		t.Fatal(err)
	}
	f, err := sealed.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// byOtherHands is a sealed file, without its text, that somebody made without the
// compiler: what it says is sealed all the same.
func byOtherHands(t *testing.T, text string, change func(*sealed.Policy)) *Subject {
	t.Helper()
	s := compiled(t, text)
	change(s.File.Policy)
	return &Subject{Path: "x.sealed", File: sealedOf(t, s.File.Policy), Sealed: true}
}

// findings of a rule.
func findings(r *Report, rule string) []Finding {
	var list []Finding
	for _, f := range r.Findings {
		if f.Rule.ID == rule {
			list = append(list, f)
		}
	}
	return list
}

func audited(s *Subject) *Report { return Audit(s, Options{Level: ImmutableHost, Today: today}) }

// why writes a table of reasons.
func why(keys ...string) string {
	var b strings.Builder
	b.WriteString("\n[why]\n")
	for _, k := range keys {
		b.WriteString(`"` + k + `" = "this is only a test"` + "\n")
	}
	return b.String()
}

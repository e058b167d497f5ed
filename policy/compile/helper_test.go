package compile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"casemate/internal/sealed"
)

// head stands in lines 1 to 4 before each fragment of these tests.
const head = `policy  = 1
service = "x"
exec.argv = ["/bin/x"]
arch = ["amd64"]
`

const (
	passwdText = "root:x:0:0:root:/root:/bin/sh\nwww:x:33:34:www:/var/www:/usr/sbin/nologin\n"
	groupText  = "root:x:0:\nwww:x:34:\nadm:x:4:www\n"
)

// compiled compiles files, "p.toml" among them, in a directory of their own.
func compiled(t *testing.T, files map[string]string) (*sealed.Policy, error) {
	t.Helper()
	r, err := result(t, files)
	if err != nil {
		return nil, err
	}
	return r.Policy, nil
}

func result(t *testing.T, files map[string]string) (*Result, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"passwd": passwdText, "group": groupText} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return Compile("p.toml", Options{Passwd: "passwd", Group: "group"})
}

// fragment compiles head and text.
func fragment(t *testing.T, text string) (*sealed.Policy, error) {
	t.Helper()
	return compiled(t, map[string]string{"p.toml": head + text})
}

// good demands that a fragment is accepted.
func good(t *testing.T, text string) *sealed.Policy {
	t.Helper()
	p, err := fragment(t, text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// refuse demands that a fragment is refused with exactly these words.
func refuse(t *testing.T, text, want string) {
	t.Helper()
	_, err := fragment(t, text)
	if err == nil {
		t.Fatal("accepted")
	}
	if got := err.Error(); got != strings.TrimSpace(want) {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
}

// refuseAll demands it of many: name -> fragment, words.
func refuseAll(t *testing.T, cases map[string][2]string) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { refuse(t, c[0], c[1]) })
	}
}

// refuseLine demands that a fragment is refused and that one of the lines is this.
func refuseLine(t *testing.T, text, want string) {
	t.Helper()
	_, err := fragment(t, text)
	if err == nil {
		t.Fatal("accepted")
	}
	if !slices.Contains(strings.Split(err.Error(), "\n"), want) {
		t.Errorf("\ngot  %s\nwant %s", err, want)
	}
}

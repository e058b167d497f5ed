package compile

import (
	"os"
	"strings"
	"testing"
)

func TestRefusedNames(t *testing.T) {
	const hint = "lower-case letters, digits, dots, dashes and underscores, at most 63"
	for text, want := range map[string]string{
		"exec.argv = [\"/x\"]":                       `p.toml:1:1: the key is missing: "service"; hint: write: service = "NAME"`,
		"service = \"Web\"\nexec.argv = [\"/x\"]":    `p.toml:2:11: not a name for a service: "Web"; hint: ` + hint,
		"service = \"../web\"\nexec.argv = [\"/x\"]": `p.toml:2:11: not a name for a service: "../web"; hint: ` + hint,
		"service = \"web\"":                          `p.toml:1:1: the key is missing: "exec.argv"; hint: write: argv = ["/usr/bin/program", "argument"]`,
		"service = \"web\"\nexec.argv = [\"x\"]":     `p.toml:3:14: the path is not absolute: "x"; hint: PATH is not searched: write where it is in the root, such as /usr/bin/NAME`,
		"service = \"web\"\nexec.argv = [\"/\"]":     `p.toml:3:14: the root is no program: "/"`,
		"service = \"web.\"\nexec.argv = [\"/x\"]":   `p.toml:2:11: the service's name cannot be the host name: "web."; hint: state namespaces.hostname`,
	} {
		_, err := compiled(t, map[string]string{"p.toml": "policy = 1\n" + text + "\n"})
		if err == nil || err.Error() != want {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
}

// A file's name is printed in errors and kept in the sealed policy.
func TestFileNames(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"a\nb.toml", "a\x1b.toml", "a\xff.toml"} {
		if err := os.WriteFile(name, []byte(head), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Compile(name, Options{}); err == nil || !strings.HasSuffix(err.Error(), "the name of the file is not printable") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestSizes(t *testing.T) {
	for s, want := range map[string]uint64{"1": 1, "4096": 4096, "1K": 1024, "3M": 3 << 20, "2G": 2 << 30, "1T": 1 << 40, "0": 0, "1048576T": 1 << 60} {
		if n, ok := parseSize(s); !ok || n != want {
			t.Errorf("%s: %d, %v", s, n, ok)
		}
	}
	for _, s := range []string{"", "K", "1k", "1KB", "1KK", "01", "+1", "-1", "1.5G", " 1", "1 ", "1e3", "0x10", "1_000", "1048577T", "18446744073709551616"} {
		if n, ok := parseSize(s); ok {
			t.Errorf("%q: %d", s, n)
		}
	}
}

func TestAccountsFiles(t *testing.T) {
	for text, want := range map[string]string{
		"a:x:1:2:::\n":             "",
		"":                         "",
		"a:x:1:2::\n":              "f:1: not a line of a passwd file",
		"a:x:1:2:::\n\n":           "f:2: not a line of a passwd file",
		"a:x:01:2:::\n":            "f:1: a has a bad id",
		"a:x:1:4294967295:::\n":    "f:1: a has a bad id",
		"1:x:1:2:::\n":             "f:1: not a line of a passwd file",
		"+::::::\n":                "f:1: not a line of a passwd file",
		"a:x:1:2:::\na:x:1:2:::\n": "f:2: a is there twice",
	} {
		_, err := parseAccounts("passwd", "f", []byte(text))
		if (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

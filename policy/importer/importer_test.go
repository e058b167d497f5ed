package importer

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"casemate/policy/compile"
	"casemate/policy/filter"
	"casemate/policy/syntax"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// judge is the compiler, with the accounts of the tests.
func judge(text []byte) ([]Need, error) {
	lacks, err := compile.Judge("imported.toml", text, compile.Options{Passwd: "../testdata/passwd", Group: "../testdata/group"})
	var needs []Need
	for _, n := range lacks {
		needs = append(needs, Need(n))
	}
	return needs, err
}

// request is a golden file's first line: words of a command line.
func request(t *testing.T, line string, files map[string]Source) (Options, []Source) {
	o := Options{Judge: judge, Include: func(name string) (Source, error) {
		s, ok := files[name]
		if !ok {
			return s, os.ErrNotExist
		}
		return s, nil
	}}
	var sources []Source
	words, _ := words(line)
	for i := 0; i < len(words); i++ {
		name, value, _ := strings.Cut(words[i], "=")
		switch name {
		case "--oci-seccomp", "--oci-config", "--minijail", "--systemd":
			o.Kind = Kind(name[2:])
		case "--cap":
			o.Caps = append(o.Caps, value)
		case "--kernel":
			o.Kernel = value
		case "--why":
			o.Why = value
		case "--invert":
			o.Invert = true
		case "--service":
			o.Service = value
		case "--arch":
			o.Arches = []filter.Arch{filter.Arch(value)}
		case "--conf":
			s := files[value]
			o.Conf = &s
		case "--":
			o.Argv = words[i+1:]
			i = len(words)
		default:
			s, ok := files[words[i]]
			if !ok {
				t.Fatalf("no file %s", words[i])
			}
			sources = append(sources, s)
		}
	}
	return o, sources
}

// Each file of testdata has a command line, the sources, and the policy or the error
// that comes of them.
func TestGolden(t *testing.T) {
	found, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	for _, file := range found {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { golden(t, file) })
	}
}

func golden(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]Source{}
	want := ""
	rest := archive.Files[:0:0]
	for _, f := range archive.Files {
		if f.Name == "want" {
			want = string(f.Data)
			continue
		}
		files[f.Name] = Source{Name: f.Name, Text: f.Data}
		rest = append(rest, f)
	}
	line, _, _ := strings.Cut(string(archive.Comment), "\n")
	o, sources := request(t, line, files)
	got := ""
	if r, err := Import(o, sources...); err != nil {
		got = err.Error() + "\n"
	} else {
		got = ofInit.ReplaceAllString(string(r.Text), "${1}…\n")
		accepted(t, r)
	}
	if *update {
		archive.Files = append(rest, txtar.File{Name: "want", Data: []byte(got)})
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("go test -update rewrites it\n%s", d)
	}
}

// ofInit is the list of what init needs, which is another room's to test.
var ofInit = regexp.MustCompile(`(# note: allowed whatever the source says).*\n(#   .*\n)*`)

// accepted checks that the compiler takes what was imported, unless the text says what
// a person has to fill in.
func accepted(t *testing.T, r *Result) {
	t.Helper()
	if _, err := syntax.Parse("imported.toml", r.Text); err != nil {
		t.Fatalf("the language refuses it: %v\n%s", err, r.Text)
	}
	needs, err := judge(r.Text)
	switch {
	case len(needs) > 0:
		t.Errorf("reasons are missing: %v", needs)
	case err != nil && r.Fill == 0:
		t.Errorf("the compiler refuses it, and nothing is to be filled in: %v", err)
	case err == nil && r.Fill > 0:
		t.Errorf("it compiles, and says that something is to be filled in")
	}
	for kind, n := range map[kind]int{skipped: r.Skipped, reason: r.Reasons, fill: r.Fill} {
		if has := strings.Contains(string(r.Text), "# "+kindWords[kind]); has != (n > 0) {
			t.Errorf("%d comments of %q are counted", n, kindWords[kind])
		}
	}
}

func TestGuess(t *testing.T) {
	for text, want := range map[string]Kind{
		`{"defaultAction": "SCMP_ACT_ERRNO"}`:           OCISeccomp,
		`{"ociVersion": "1.0.2"}`:                       OCIConfig,
		`{"ociVersion": "1.0.2", "defaultAction": "x"}`: "",
		`{}`:                                      "",
		"# c\n[Service]\nExecStart=/bin/x\n":      Systemd,
		"# read me\nread: 1\nwrite: arg0 == 1\n":  Minijail,
		"{read, write}: allow":                    Minijail,
		"@include ./common.policy\n":              Minijail,
		"% minijail-config-file v0\nu = nobody\n": Minijail,
		"":                              "",
		"policy = 1\nservice = \"x\"\n": "",
		"\xff\xfe":                      "",
		"hello world":                   "",
	} {
		if got := Guess(Source{Name: "x", Text: []byte(text)}); got != want {
			t.Errorf("%q is taken for %q, want %q", text, got, want)
		}
	}
}

// What the compiler does not carry to the kernel, or not yet, stands as a comment with
// its words; what it does is stated.
func TestTerminal(t *testing.T) {
	for _, s := range []Source{
		{Name: "x.service", Text: []byte("[Service]\nExecStart=/usr/bin/x\nStandardInput=tty-force\n")},
		{Name: "x.json", Text: []byte(`{"ociVersion": "1.0.0", "process": {"terminal": true, "args": ["/usr/bin/x"]}}`)},
	} {
		r, err := Import(Options{Judge: judge}, s)
		if err != nil {
			t.Fatal(err)
		}
		accepted(t, r)
		if text := string(r.Text); strings.Contains(text, "\ntty = true\n") == strings.Contains(text, "# not translated: exec.tty = true (") {
			t.Errorf("%s: the terminal is neither stated nor refused, or both:\n%s", s.Name, text)
		}
	}
}

func TestImportOfNothingKnown(t *testing.T) {
	_, err := Import(Options{Judge: judge}, Source{Name: "x", Text: []byte("hello")})
	if err == nil || !strings.Contains(err.Error(), "name its kind") {
		t.Error(err)
	}
	_, err = Import(Options{Judge: judge, Kind: Systemd}, Source{Name: "x", Text: make([]byte, MaxSource+1)})
	if err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
		t.Error(err)
	}
}

// A judge that can say nothing about the policy ends the import.
func TestImportWithoutJudgement(t *testing.T) {
	broken := errors.New("broken")
	_, err := Import(Options{Judge: func([]byte) ([]Need, error) { return nil, broken }}, Source{Name: "x.service", Text: []byte("[Service]\nExecStart=/bin/x\n")})
	if !errors.Is(err, broken) {
		t.Error(err)
	}
}

// A judge that always wants something else must not be talked to for ever.
func TestImportEnds(t *testing.T) {
	n := 0
	stubborn := func(text []byte) ([]Need, error) {
		n++
		var errs syntax.Errors
		errs.Add(syntax.Position{File: "x", Line: 5, Col: 1}, "", "", "no")
		return []Need{{"exec.user", "x"}}, errs
	}
	if _, err := Import(Options{Judge: stubborn, Why: "a good reason"}, Source{Name: "x.service", Text: []byte("[Service]\nExecStart=/bin/x\n")}); err != nil {
		t.Error(err)
	}
	if n > rounds+1 {
		t.Errorf("asked %d times", n)
	}
}

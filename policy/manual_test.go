package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"casemate/internal/exit"
)

// manuals are the pages of programs: what the program's own help says, the exit statuses, and
// options that a page names of other programs.
var manuals = []struct {
	page   string
	help   func(*testing.T) string
	codes  []int
	others []string
}{
	{"casemate.1", func(*testing.T) string { return usage }, []int{0, exit.ToolFindings, exit.ToolInput, exit.ToolProof}, nil},
	{"casemate-shim.8", usageIn("../shim/main.go"),
		[]int{exit.NotExecutable, exit.NotFound, exit.Usage, exit.Lacking, exit.Step, exit.Unlike, exit.Bug}, []string{"-c", "--facts"}}, // setsid -c, casemate plan
	{"casemate-init.1", usageIn("../init/command.go"),
		[]int{exit.NotExecutable, exit.NotFound, exit.Usage, exit.Step, exit.Bug}, []string{"--pid", "--fork", "--mount-proc"}}, // unshare(1)
}

// usageIn gives the constant usage of another program.
func usageIn(file string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		said := ""
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && v.Names[0].Name == "usage" {
				said, err = strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			}
			return true
		})
		if err != nil || said == "" {
			t.Fatalf("%s: no usage: %v", file, err)
		}
		return said
	}
}

var optionWord = regexp.MustCompile(`(?m)(?:^|[\s"'(\[|/,])(--?[A-Za-z][A-Za-z-]*)`)

func optionsIn(text string) (found []string) {
	for _, m := range optionWord.FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// Manual pages and --help name the same options, and the pages every exit status.
func TestManualsAreComplete(t *testing.T) {
	for _, m := range manuals {
		page := roff.Replace(text(t, "../docs/man/"+m.page))
		help, inPage := optionsIn(m.help(t)), optionsIn(macros.ReplaceAllString(page, " "))
		if len(help) < 5 {
			t.Fatalf("%s: %q", m.page, help)
		}
		for _, o := range help {
			if !slices.Contains(inPage, o) {
				t.Errorf("%s: %s of --help is not in it", m.page, o)
			}
		}
		for _, o := range inPage {
			if !slices.Contains(help, o) && !slices.Contains(m.others, o) {
				t.Errorf("%s: %s is not in --help", m.page, o)
			}
		}
		status := part(page, ".SH EXIT STATUS", ".SH ")
		var codes []int
		for _, n := range regexp.MustCompile(`(?m)^\.TP\n\.B ([0-9]+)$`).FindAllStringSubmatch(status, -1) {
			code, _ := strconv.Atoi(n[1])
			codes = append(codes, code)
		}
		if !slices.Equal(codes, m.codes) {
			t.Errorf("%s: exit statuses %v, not %v", m.page, codes, m.codes)
		}
		for _, code := range m.codes {
			if code != 0 && !strings.Contains(m.help(t), fmt.Sprint(code)) && code != exit.Step && code != exit.Bug {
				t.Errorf("%s: --help has no exit status %d", m.page, code)
			}
		}
	}
}

var (
	roff   = strings.NewReplacer(`\-`, "-", `\fB`, " ", `\fP`, " ", `\fI`, " ", `\&`, "")
	macros = regexp.MustCompile(`(?m)^\.[A-Z]+`)
)

// Every page is laid out without a warning of groff's.
func TestManualsRender(t *testing.T) {
	pages, err := filepath.Glob("../docs/man/*")
	if err != nil || len(pages) != 4 {
		t.Fatal(pages, err)
	}
	if _, err := exec.LookPath("groff"); err != nil {
		t.Skip("needs groff (Debian's groff-base)")
	}
	for _, page := range pages {
		if said, err := exec.Command("groff", "-ww", "-z", "-man", "-Tutf8", page).CombinedOutput(); err != nil || len(said) > 0 {
			t.Errorf("%s: %v\n%s", page, err, said)
		}
	}
}

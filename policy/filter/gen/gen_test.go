package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The committed tables are what the generator makes of the module in go.mod.
func TestTablesAreCurrent(t *testing.T) {
	m, err := findModule()
	if err != nil {
		t.Fatal(err)
	}
	files, err := generate(m)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what golang.org/x/sys %s gives: go generate casemate/policy/filter", name, m.version)
		}
	}
}

// source writes the files that the generator reads, with text in one of them.
func source(t *testing.T, file, text string) module {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{
		"zsysnum_linux_amd64.go", "zsysnum_linux_arm64.go", "zerrors_linux.go", "zerrors_linux_amd64.go",
		"zerrors_linux_arm64.go", "ztypes_linux.go", "ztypes_linux_amd64.go", "ztypes_linux_arm64.go",
	} {
		body := "package unix\n"
		if name == file {
			body += text
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return module{dir, "v0"}
}

func TestGenerate(t *testing.T) {
	files, err := generate(source(t, "zerrors_linux_arm64.go", `const (
		O_PATH = 0x10
		AT_FDCWD = -0x64
		SIGHUP = syscall.Signal(0x1)
		O_STRING = "x"
		O_COPY = O_PATH
		ETHTOOL_X = 1
	)`))
	if err != nil {
		t.Fatal(err)
	}
	got := string(files["zconstants.go"])
	for _, row := range []string{
		`{"AT_FDCWD", 2, [...]int64{0x0, -0x64}},`, `{"O_PATH", 2, [...]int64{0x0, 0x10}},`, `{"SIGHUP", 2, [...]int64{0x0, 0x1}},`,
	} {
		if !strings.Contains(got, row) {
			t.Errorf("no row %s in\n%s", row, got)
		}
	}
	for _, name := range []string{"O_STRING", "O_COPY", "ETHTOOL_X"} {
		if strings.Contains(got, name) {
			t.Errorf("%s is in the table", name)
		}
	}
}

func TestGenerateRefuses(t *testing.T) {
	for _, c := range []struct{ name, file, text, want string }{
		{"two names of one number", "zsysnum_linux_amd64.go", "const (\nSYS_A = 1\nSYS_B = 1\n)", "amd64: a and b are both 1"},
		{"a stranger", "zsysnum_linux_arm64.go", "const X = 1", "arm64: X is not the number"},
		{"not Go", "zsysnum_linux_amd64.go", "const (", "expected"},
		{"two values", "zerrors_linux.go", "const (\nO_PATH = 1\n)\nconst O_PATH = 2", "O_PATH: written twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := generate(source(t, c.file, c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

package tests

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sources calls f for every Go file of the repository.
func sources(t *testing.T, f func(path string, text []byte)) {
	t.Helper()
	if _, err := os.Stat("../go.mod"); err != nil {
		t.Skipf("needs the source tree: %v", err)
	}
	seen := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		seen++
		text, err := os.ReadFile(path)
		f(strings.TrimPrefix(path, "../"), text)
		return err
	})
	if err != nil || seen < 400 {
		t.Fatalf("%d Go files, %v", seen, err)
	}
}

// fenced files may be unsafe: those of internal/sys and internal/child whose names say
// so, and tests whose names say so.
func fenced(path string) bool {
	dir := filepath.Dir(path)
	if strings.HasSuffix(path, "_unsafe_test.go") {
		return true
	}
	return (dir == "internal/sys" || dir == "internal/child") && strings.HasSuffix(path, "_unsafe.go")
}

func TestFenceOfUnsafe(t *testing.T) {
	sources(t, func(path string, text []byte) {
		if fenced(path) {
			if !bytes.Contains(text, []byte("// Safety")) {
				t.Errorf("%s: unsafe without a Safety comment", path)
			}
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			if i.Path.Value == `"unsafe"` || i.Path.Value == `"C"` {
				t.Errorf("%s imports %s", path, i.Path.Value)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if from, ok := s.X.(*ast.Ident); ok && (from.Name == "unix" || from.Name == "syscall") {
				switch s.Sel.Name {
				case "RawSyscall", "RawSyscall6", "Syscall", "Syscall6", "RawSyscallNoError":
					t.Errorf("%s: raw system call %s", path, s.Sel.Name)
				}
			}
			return true
		})
		for _, c := range file.Comments {
			for _, line := range c.List {
				if strings.HasPrefix(line.Text, "//go:linkname") {
					t.Errorf("%s: linkname", path)
				}
			}
		}
	})
}

func TestFormat(t *testing.T) {
	sources(t, func(path string, text []byte) {
		out, err := format.Source(text)
		if err != nil || !bytes.Equal(out, text) {
			t.Errorf("%s is not formatted (gofmt -w %s)", path, path)
		}
	})
}

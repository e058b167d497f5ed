package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
)

// constants returns the integer constants of one file: those written as a plain
// or negated literal, or as syscall.Signal(literal). Strings, iota lists and
// expressions are left out.
func constants(dir, file string) (map[string]int64, error) {
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, file), nil, 0)
	if err != nil {
		return nil, err
	}
	found := make(map[string]int64)
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			if err := collect(found, s.(*ast.ValueSpec)); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return found, nil
}

func collect(found map[string]int64, s *ast.ValueSpec) error {
	for i, name := range s.Names {
		if i >= len(s.Values) {
			continue
		}
		v, ok := literal(s.Values[i])
		if !ok {
			continue
		}
		if _, dup := found[name.Name]; dup {
			return fmt.Errorf("%s: written twice", name.Name)
		}
		found[name.Name] = v
	}
	return nil
}

// literal evaluates 1, 0x1, -1 and syscall.Signal(0x1). A value above the top of
// int64 keeps its 64 bits.
func literal(e ast.Expr) (int64, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.INT {
			return 0, false
		}
		v, err := strconv.ParseUint(e.Value, 0, 64)
		return int64(v), err == nil
	case *ast.UnaryExpr:
		v, ok := literal(e.X)
		return -v, ok && e.Op == token.SUB && v > 0
	case *ast.CallExpr:
		fun, ok := e.Fun.(*ast.SelectorExpr)
		if !ok || fun.Sel.Name != "Signal" || len(e.Args) != 1 {
			return 0, false
		}
		return literal(e.Args[0])
	}
	return 0, false
}

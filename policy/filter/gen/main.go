// Command gen writes the two generated tables of package filter: the numbers of
// the system calls and the values of the symbolic constants, per architecture,
// both read from the source text of golang.org/x/sys/unix.
//
// It guards against a table typed by hand. It must not be run with any other
// module version than the one in go.mod: a test of this package regenerates both
// files in memory and compares. It imports the standard library only.
//
//	go generate casemate/policy/filter
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	out := flag.String("out", ".", "directory of package filter")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(out string) error {
	m, err := findModule()
	if err != nil {
		return err
	}
	files, err := generate(m)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(out, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

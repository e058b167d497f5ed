// Command count reads `go test -json` from standard input, prints what failed and
// names what was skipped, and closes with the numbers: a test that could not run is
// said and counted, never silent. It exits 1 when anything failed or nothing ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is one line of test2json.
type event struct {
	Action, Package, Test, Output, ImportPath string
}

type tally struct {
	passed, failed, skipped int
	output                  map[string][]string // of what is still running, by package and test
	skips                   []string
}

func main() {
	t := &tally{output: map[string][]string{}}
	if err := t.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "count:", err)
		os.Exit(1)
	}
	for _, s := range t.skips {
		fmt.Println("skipped", s)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
	if t.failed != 0 || t.passed == 0 {
		os.Exit(1)
	}
}

func (t *tally) read(r io.Reader) error {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil {
				fmt.Print(line) // the go tool's own words
			} else {
				t.take(e)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (t *tally) take(e event) {
	key := e.Package + e.ImportPath + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		t.output[key] = append(t.output[key], e.Output)
		if strings.HasPrefix(e.Output, "machines: ") {
			fmt.Print(e.Output)
		}
	case "build-fail":
		fmt.Print(strings.Join(t.output[key], ""))
	case "pass", "fail", "skip":
		t.end(e, key)
		delete(t.output, key)
	}
}

func (t *tally) end(e event, key string) {
	switch {
	case e.Action == "fail":
		// A package fails with its tests; it counts by itself when no test did.
		if e.Test != "" || t.failed == 0 {
			t.failed++
		}
		fmt.Printf("FAIL %s\n%s", key, strings.Join(t.output[key], ""))
	case e.Test == "" && e.Action == "pass":
		fmt.Println("ok  ", e.Package)
	case e.Test == "":
	case e.Action == "pass":
		t.passed++
	case e.Action == "skip":
		t.skipped++
		t.skips = append(t.skips, key+": "+reason(t.output[key]))
	}
}

// reason is what t.Skip was told.
func reason(output []string) string {
	for _, line := range output {
		if !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(strings.TrimSpace(line), "--- ") {
			return strings.TrimSpace(line)
		}
	}
	return "no reason given"
}

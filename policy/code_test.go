package main

import (
	"errors"
	"fmt"
	"testing"

	"casemate/internal/exit"
	"casemate/policy/prove"
)

// A filter that is not what its policy declares ends the tool with a code of its own,
// however the error was wrapped on the way.
func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{errors.New("a fault of the policy"), exit.ToolInput},
		{usagef("no command"), exit.ToolInput},
		{fmt.Errorf("p.toml: %w", exit.Wrap(exit.ToolProof, &prove.Mismatch{})), exit.ToolProof},
	} {
		if got := codeOf(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
}

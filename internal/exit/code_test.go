package exit

import (
	"errors"
	"fmt"
	"testing"
)

// The numbers are a promise to service managers; none may move or meet another's.
func TestCodes(t *testing.T) {
	for i, code := range []int{Usage, Lacking, Step, Unlike, Bug} {
		if code != 246+i {
			t.Errorf("code %d is not %d", code, 246+i)
		}
		if code <= 245 || code >= 251 { // systemd.exec(5); minijail
			t.Errorf("code %d is somebody else's", code)
		}
	}
	if NotExecutable != 126 || NotFound != 127 || Signalled != 128 || Signalled+64 >= Usage {
		t.Error("the shell's codes, and 128 and a signal, must stay below ours")
	}
	if ToolFindings != 1 || ToolInput != 2 || ToolProof != 3 {
		t.Error("the tool's codes have moved")
	}
}

func TestWrapKeepsTheInnermostCode(t *testing.T) {
	plain := errors.New("plain")
	for _, c := range []struct {
		err  error
		code int
		text string
	}{
		{plain, Bug, "plain"},
		{Wrap(Step, plain), Step, "plain"},
		{Wrap(Step, fmt.Errorf("outer: %w", Wrap(Lacking, plain))), Lacking, "outer: plain"},
		{Wrap(Step, errors.Join(plain, Wrap(Usage, plain))), Usage, "plain\nplain"},
		{Wrap(Usage, Wrap(Unlike, plain)), Unlike, "plain"},
	} {
		if got := CodeOf(c.err); got != c.code || c.err.Error() != c.text {
			t.Errorf("%q has code %d, not %d", c.err, got, c.code)
		}
		if !errors.Is(c.err, plain) {
			t.Errorf("%q has lost its cause", c.err)
		}
	}
	if Wrap(Step, nil) != nil {
		t.Error("nil became an error")
	}
}

package tests

import (
	"fmt"
	"testing"
)

// The workload's exit status is the shim's, every one of them.
func TestExitStatusPassesThrough(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("exit", `"/app/probe", "exit"`, ""))
	var codes []int
	for code := range 256 {
		codes = append(codes, code)
	}
	for _, code := range some(t, codes) {
		if r := launch(t, sealed, "--", fmt.Sprint(code)); r.code != code || r.stderr != "" {
			t.Errorf("exit %d: %s", code, r)
		}
	}
}

// 128+n for a death by signal n, those that no program can catch among them. The
// others are ended by their default action; Go programs catch some, so the probe
// resets the action first.
func TestDeathBySignal(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("die", `"/app/probe", "die"`, ""))
	for _, n := range some(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 24, 25, 26, 27, 29, 30, 31, 34, 50, 64}) {
		if r := launch(t, sealed, "--", fmt.Sprint(n)); r.code != 128+n {
			t.Errorf("signal %d: %s", n, r)
		}
	}
}

func TestWorkloadThatCannotBeExecuted(t *testing.T) {
	needRoot(t)
	t.Run("missing", func(t *testing.T) {
		launch(t, compiled(t, policy("none", `"/app/nothing"`, ""))).expect(t, 127, "/app/nothing", "no such file")
	})
	t.Run("directory", func(t *testing.T) {
		launch(t, compiled(t, policy("none", `"/app"`, ""))).expect(t, 126, "/app", "permission denied")
	})
	t.Run("noexec", func(t *testing.T) {
		const mounts = "[mounts]\nbind = [{ from = \"%s\", at = \"/app\" }]\n"
		text := policy("none", `"/app/probe"`, fmt.Sprintf(mounts, bin+"/app"))
		launch(t, compiled(t, text)).expect(t, 126, "/app/probe", "permission denied")
	})
	t.Run("cwd", func(t *testing.T) {
		text := policy("none", "", "[exec]\nargv = [\"/app/probe\", \"exit\", \"0\"]\ncwd = \"/nowhere\"\n")
		launch(t, compiled(t, text)).expect(t, 126, "/nowhere", "no such file")
	})
}

package compile

import "testing"

func TestRefusedSignals(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"unknown": {
			`signals.forward = { TREM = "QUIT" }`,
			`p.toml:5:21: unknown signal: "TREM"; hint: did you mean "TERM"?`,
		},
		"with the prefix": {
			`signals.forward = { SIGTERM = "QUIT" }`,
			`p.toml:5:21: unknown signal: "SIGTERM"; hint: write TERM`,
		},
		"lower case": {
			`signals.forward = { TERM = "quit" }`,
			`p.toml:5:28: unknown signal: "quit"; hint: write QUIT`,
		},
		"kill": {
			`signals.forward = { KILL = "TERM" }`,
			`p.toml:5:21: the signal is never forwarded: "KILL"; hint: KILL and STOP cannot be caught, CHLD is init's own`,
		},
		"stop": {
			`signals.forward = { STOP = "TERM" }`,
			`p.toml:5:21: the signal is never forwarded: "STOP"; hint: KILL and STOP cannot be caught, CHLD is init's own`,
		},
		"child": {
			`signals.forward = { CHLD = "USR1" }`,
			`p.toml:5:21: the signal is never forwarded: "CHLD"; hint: KILL and STOP cannot be caught, CHLD is init's own`,
		},
		"real-time out of range": {
			`signals.forward = { "RTMIN+31" = "TERM" }`,
			`p.toml:5:21: unknown signal: "RTMIN+31"; hint: names without SIG: TERM, HUP, USR1, "RTMIN+3"`,
		},
		"one signal twice": {
			`signals.forward = { RTMIN = "TERM", "RTMAX-30" = "HUP" }`,
			`p.toml:5:9: one signal under two names: "34"`,
		},
	})
}

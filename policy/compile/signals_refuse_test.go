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
		"an unknown stop": {
			`signals.stop = "STOPP"`,
			`p.toml:5:16: unknown signal: "STOPP"; hint: did you mean "STOP"?`,
		},
		"stop with STOP": {
			`signals.stop = "STOP"`,
			`p.toml:5:16: not a signal to stop with: "STOP"; hint: STOP halts a process, and nothing ends it but the grace`,
		},
		"TERM dropped, and no stop": {
			`signals.forward = { TERM = "drop" }`,
			`p.toml:5:28: TERM ends nothing any more: "drop"; hint: name the signal to stop with: stop = "QUIT"`,
		},
		"TERM as STOP, and no stop": {
			`signals.forward = { TERM = "STOP" }`,
			`p.toml:5:28: TERM ends nothing any more: "STOP"; hint: name the signal to stop with: stop = "QUIT"`,
		},
		"a scope": {
			`signals.scope = "tree"`,
			`p.toml:5:17: unknown word: "tree"; hint: it is one of main, group, all`,
		},
		"a grace without a unit": {
			`signals.grace = "10"`,
			`p.toml:5:17: not a time: "10"; hint: write "10s" or "2m"`,
		},
		"a grace before": {
			`signals.grace = "-1s"`,
			`p.toml:5:17: not a time: "-1s"; hint: write "10s" or "2m"`,
		},
		"a grace of more than a day": {
			`signals.grace = "24h1ms"`,
			`p.toml:5:17: over 24h: "24h1ms"; hint: write "10s" or "2m"`,
		},
		"a grace too fine": {
			`signals.grace = "1.5ms"`,
			`p.toml:5:17: not whole milliseconds: "1.5ms"; hint: write "10s" or "2m"`,
		},
	})
}

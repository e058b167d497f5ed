package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// said runs this program as the shim, and gives what it prints and its exit status.
func said(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	c := exec.Command(self, args...)
	c.Env, c.Stdout, c.Stderr = []string{"CASEMATE_SHIM=1"}, &out, &errs
	c.Run() // its status says it
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// A wrong command line is one line that names what is wrong, 246, and nothing is made.
func TestWrongCommandLines(t *testing.T) {
	for line, want := range map[string]string{
		"":                                     "bad command line; casemate-shim help shows the usage",
		"start x":                              "bad command line; casemate-shim help shows the usage",
		"run":                                  "bad command line; casemate-shim help shows the usage",
		"run --":                               "bad command line; casemate-shim help shows the usage",
		"run -nothing x":                       "run: flag provided but not defined: -nothing",
		"run -init":                            "run: flag needs an argument: -init",
		"run -init= x":                         "run: -init is empty: leave it out, or give it a value",
		"run -trusted-keys= x":                 "run: -trusted-keys is empty: leave it out, or give it a value",
		"run -state= x":                        "run: -state is empty: leave it out, or give it a value",
		"run -state here x":                    "run: -state here: not an absolute path",
		"run x y":                              `run: "y": extra arguments come after --, options before the policy`,
		"run x -state /y":                      `run: "-state": extra arguments come after --, options before the policy`,
		"run -fd -1":                           "run: -fd -1 is not above the standard streams",
		"run -fd x":                            `run: invalid value "x" for flag -fd: parse error`,
		"run -fd 0 -- a":                       "run: -fd 0 is not above the standard streams",
		"status a b":                           "bad command line; casemate-shim help shows the usage",
		"run -fd 2":                            "run: -fd 2 is not above the standard streams",
		"run -ready-fd -1 x":                   "run: -ready-fd -1 is not above the standard streams",
		"run -ready-fd 900 x":                  "run: -ready-fd 900: bad file descriptor",
		"run -ready-fd three x":                `run: invalid value "three" for flag -ready-fd: parse error`,
		"run -init-in-place=perhaps x":         `run: invalid boolean value "perhaps" for -init-in-place: parse error`,
		"run /nothing/x":                       "policy /nothing/x: no such file or directory",
		"run ../examples/batch.toml":           "policy ../examples/batch.toml: not a sealed policy; casemate compile makes one of a text",
		"probe x y":                            "bad command line; casemate-shim help shows the usage",
		"status":                               "bad command line; casemate-shim help shows the usage",
		"status -state= x":                     "status: -state is empty: leave it out, or give it a value",
		"status ../x":                          `status: "../x" is no name of a service`,
		"status -state /nothing none":          "none is not running",
		"recover -state here":                  "recover: -state here: not an absolute path",
		"recover -all":                         "recover: flag provided but not defined: -all",
		"recover X":                            `recover: "X" is no name of a service`,
		"version 2":                            "bad command line; casemate-shim help shows the usage",
		"run -trusted-keys /nothing ./x y -- ": `run: "y": extra arguments come after --, options before the policy`,
	} {
		if strings.HasPrefix(line, "run /nothing/x") || strings.HasPrefix(line, "run ../examples") {
			needRoot(t) // others are not asked for the file
		}
		stdout, stderr, code := said(t, strings.Fields(line)...)
		if code != 246 || stdout != "" || stderr != "casemate-shim: "+want+"\n" {
			t.Errorf("%s: %d, %q, %q", line, code, stdout, stderr)
		}
	}
	if _, err := os.Stat("here"); err == nil {
		t.Error("a state directory was made")
	}
}

// Whoever asks for help gets it, and no error.
func TestHelp(t *testing.T) {
	for _, line := range []string{"help", "-h", "--help", "run -h", "run --help", "status -help", "recover --help"} {
		if stdout, stderr, code := said(t, strings.Fields(line)...); code != 0 || stdout != usage || stderr != "" {
			t.Errorf("%s: %d, %q, %q", line, code, stdout, stderr)
		}
	}
	for _, line := range []string{"version", "--version", "-V"} {
		if stdout, stderr, code := said(t, line); code != 0 || stdout != "casemate-shim "+version+"\n" || stderr != "" {
			t.Errorf("%s: %d, %q, %q", line, code, stdout, stderr)
		}
	}
}

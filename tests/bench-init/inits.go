package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

var (
	//go:embed floor.c
	floorSource []byte
	//go:embed work.c
	workSource []byte
)

// subject is an init that is measured.
type subject struct {
	name    string
	path    string
	args    []string // before the command
	env     []string
	figures map[figure][]float64 // one sample a round
	failed  error                // why its measurements stopped
}

// The row that the others are compared with, and the one that has budgets.
const (
	baseline = "tini"
	again    = "tini again" // what the same program differs from itself is noise
	ours     = "casemate-init"
)

// inits lists who is measured, and who is left out and why.
func inits(dir string, o options) (run []*subject, left []string) {
	for _, s := range []*subject{
		{name: baseline, path: "tini", args: []string{"--"}},
		{name: "dumb-init", path: "dumb-init", args: []string{"--"}},
		{name: "catatonit", path: "catatonit", args: []string{"--"}},
		{name: "floor (C)", path: dir + "/floor"},
		{name: again, path: "tini", args: []string{"--"}},
		{name: ours, path: o.init, args: []string{"--"}},
		// As the shim starts it.
		{name: ours + " GOGC=off", path: o.init, args: []string{"--"}, env: []string{"GOMAXPROCS=1", "GOGC=off"}},
	} {
		if len(o.only) > 0 && !slices.ContainsFunc(o.only, func(word string) bool { return strings.Contains(s.name, word) }) {
			continue
		}
		path, err := exec.LookPath(s.path)
		if err != nil {
			left = append(left, fmt.Sprintf("%s: %v", s.name, err))
			continue
		}
		s.path, s.figures = path, map[figure][]float64{}
		run = append(run, s)
	}
	return run, left
}

// size is the size of the program file, in KiB.
func (s *subject) size() (float64, error) {
	st, err := os.Stat(s.path)
	if err != nil {
		return 0, err
	}
	return float64(st.Size()) / 1024, nil
}

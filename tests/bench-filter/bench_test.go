package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The benchmark runs: its filters install, allow what it counts on and deny the rest.
func TestBench(t *testing.T) {
	if _, err := exec.LookPath("musl-gcc"); err != nil {
		t.Skip("musl-gcc is missing (musl-tools)")
	}
	t.Chdir("../..")
	dir := t.TempDir()
	loop, err := build(dir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := subjects([]string{"examples/batch.toml"}, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := measure(loop, all, 2, 100); err != nil {
		t.Fatal(err)
	}
	if len(all) != 3 {
		t.Fatalf("%d subjects", len(all))
	}
	for _, s := range all {
		if len(s.runs) != 2 || s.runs[0].allowed <= 0 || s.runs[0].denied <= 0 || (s.runs[0].install > 0) != (s.file != "-") {
			t.Errorf("%s: %v", s.name, s.runs)
		}
	}
	var out strings.Builder
	printTable(&out, all, 2, 100)
	if !strings.Contains(out.String(), "batch.toml, casemate") {
		t.Errorf("%s", out.String())
	}
}

func TestRefuses(t *testing.T) {
	t.Chdir("../..")
	dir := t.TempDir()
	if _, err := subjects([]string{filepath.Join(dir, "none.toml")}, dir); err == nil {
		t.Error("a policy that is not there")
	}
	loop, err := build(dir)
	if err != nil {
		t.Skip(err)
	}
	if err := measure(loop, []*subject{{name: "no such filter", file: filepath.Join(dir, "none")}}, 1, 1); err == nil {
		t.Error("a filter that is not there")
	}
}

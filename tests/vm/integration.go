package vm

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// exempt are the tests of casemate/tests that do not run in the machines, by name, and
// why. What cannot run in one machine alone skips there by itself.
var exempt = []struct{ test, why string }{
	{"TestLayeringImportsPointOneWay", "reads the sources, with the go tool"},
	{"TestLayeringPureRoomsDoNotTouchTheKernel", "reads the sources, with the go tool"},
	{"TestLayeringOfShippedBinaries", "reads the sources, with the go tool"},
	{"TestFenceOfUnsafe", "reads the sources"},
	{"TestFormat", "reads the sources, with the go tool"},
	{"TestShippedBinaries", "reads the binaries: they are the host's"},
	{"TestGoldenPlans", "is about a recorded host, and paths of this checkout"},
	{"TestREADME", "reads the README, and runs what it tells with this checkout's binaries"},
	{"TestPodmanInit", "needs an engine, its images and half a minute"},
}

// slower is the share of their counts that the tests that are hard on init have in a
// machine: under emulation everything takes 10 to 30 times as long.
const slower = "1/25"

// others is the environment variable with a pattern of the tests to run in place of those
// that a machine is about.
const others = "CASEMATE_VM_TESTS"

// whole is the environment variable that has a machine run all tests, not only those that it
// is about (make vm-all: two minutes of a processor more for each).
const whole = "CASEMATE_VM_ALL"

// integration has tests of casemate/tests run in the machine, with what they test: first
// those that it is about.
func (i *image) integration(r rung) error {
	files, err := tested()
	if err != nil {
		return err
	}
	maps.Copy(i.archive, files)
	i.guest.Env = append(i.guest.Env, "CASEMATE_TEST_BINARIES=/casemate", "CASEMATE_SOAK="+slower)
	pattern, skipped := cmp.Or(os.Getenv(others), r.tests), exempted()
	i.round(pattern, skipped, r.policies)
	if os.Getenv(whole) != "" {
		i.round(".", skipped+"|"+pattern, cmp.Or(r.rest, r.policies))
	}
	return nil
}

// round is a run of the tests that a pattern names, but for others. Their policies have the
// line in [lsm], unless they have a section of their own.
func (i *image) round(pattern, skipped, line string) {
	i.guest.Commands = append(i.guest.Commands, []string{"/bin/sh", "-c", `cd /casemate/tests && export CASEMATE_TEST_LSM="$1" && shift && exec ./tests.test "$@"`, "sh", line,
		"-test.v", "-test.short", "-test.timeout=1h", "-test.run=" + pattern, "-test.skip=" + skipped})
}

// anyOf is a pattern of names.
func anyOf(names []string) string {
	return "^(" + strings.Join(names, "|") + ")$"
}

// exempted is a pattern of the table.
func exempted() string {
	var names []string
	for _, e := range exempt {
		names = append(names, e.test)
	}
	return anyOf(names)
}

// tested are the integration tests, what they test and what they run, built once.
var tested = sync.OnceValues(func() (archive, error) {
	i := &image{archive: archive{}}
	dir, err := os.MkdirTemp("", "casemate-vm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := binaries(dir); err != nil {
		return nil, err
	}
	if err := i.tree(filepath.Join(dir, "bin"), "casemate/bin"); err != nil {
		return nil, err
	}
	// The tool is linked with libseccomp.
	if err := i.program(filepath.Join(dir, "bin/casemate"), "casemate/bin/casemate"); err != nil {
		return nil, err
	}
	if err := i.copy(filepath.Join(dir, "tests.test"), "casemate/tests/tests.test"); err != nil {
		return nil, err
	}
	tests, err := directory()
	if err != nil {
		return nil, err
	}
	if err := i.copy(filepath.Join(tests, "../docs/receipt.schema.json"), "casemate/docs/receipt.schema.json"); err != nil {
		return nil, err
	}
	for _, of := range []string{"tests/testdata", "examples"} {
		if err := i.tree(filepath.Join(tests, "..", of), "casemate/"+of); err != nil {
			return nil, err
		}
	}
	return i.archive, i.userland()
})

// directory is that of casemate/tests.
func directory() (string, error) {
	out, err := run("", "go", "list", "-f", "{{.Dir}}", "casemate/tests")
	return strings.TrimSpace(out), err
}

// binaries builds the integration tests, static, and has them build what they test.
func binaries(dir string) error {
	test := filepath.Join(dir, "tests.test")
	if _, err := run("", "env", "CGO_ENABLED=0", "go", "test", "-c", "-ldflags", "-s -w", "-o", test, "casemate/tests"); err != nil {
		return err
	}
	tests, err := directory()
	if err != nil {
		return err
	}
	cmd := exec.Command(test, "-test.run", "^$")
	cmd.Dir = tests
	cmd.Env = append(os.Environ(), "CASEMATE_TEST_BINARIES="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build what is tested: %w\n%s", err, out)
	}
	return nil
}

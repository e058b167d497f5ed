package vm

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
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

// others is the environment variable with a pattern of the tests to run in place of a
// machine's; they are the first round, and have its line.
const others = "CASEMATE_VM_TESTS"

// whole is the environment variable that has every machine run all tests, the rest as those
// of its last round (make vm-all).
const whole = "CASEMATE_VM_ALL"

// integration has tests of casemate/tests run in the machine, with what they test.
func (i *image) integration(rounds []round) error {
	files, err := tested()
	if err != nil {
		return err
	}
	maps.Copy(i.archive, files.archive)
	i.guest.Env = append(i.guest.Env, "CASEMATE_TEST_BINARIES=/casemate", "CASEMATE_SOAK="+slower)
	if asked := os.Getenv(others); asked != "" {
		rounds = []round{{tests: asked, lsm: rounds[0].lsm}}
	}
	if os.Getenv(whole) != "" {
		rounds = append(slices.Clone(rounds), round{tests: ".", lsm: rounds[len(rounds)-1].lsm})
	}
	skipped := exempted()
	for _, r := range rounds {
		pattern := r.tests
		if pattern == "" {
			pattern = anyOf(share(files.names, r.share))
		}
		i.guest.Commands = append(i.guest.Commands, []string{"/bin/sh", "-c", `cd /casemate/tests && export CASEMATE_TEST_LSM="$1" && shift && exec ./tests.test "$@"`, "sh", r.lsm,
			"-test.v", "-test.short", "-test.timeout=1h", "-test.run=" + pattern, "-test.skip=" + skipped})
		skipped += "|" + pattern
	}
	return nil
}

// shares is how many machines share the tests that none of them is about.
const shares = 2

// share is the part of the names that is one machine's.
func share(names []string, which int) []string {
	var rest, mine []string
	for _, name := range names {
		if !slices.ContainsFunc(rungs, func(r rung) bool { return r.about(name) }) {
			rest = append(rest, name)
		}
	}
	for n, name := range rest {
		if n%shares == which {
			mine = append(mine, name)
		}
	}
	return mine
}

// about tells of a test that the machine runs whatever its share is.
func (r rung) about(test string) bool {
	for _, round := range r.rounds {
		if round.tests != "" && regexp.MustCompile(round.tests).MatchString(test) {
			return true
		}
	}
	return false
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

// suite is the integration tests with what they test and run, and their names.
type suite struct {
	archive
	names []string
}

// tested are the integration tests, what they test and what they run, built once.
var tested = sync.OnceValues(func() (suite, error) {
	i := &image{archive: archive{}}
	dir, err := os.MkdirTemp("", "casemate-vm-")
	if err != nil {
		return suite{}, err
	}
	defer os.RemoveAll(dir)
	if err := binaries(dir); err != nil {
		return suite{}, err
	}
	if err := i.tree(filepath.Join(dir, "bin"), "casemate/bin"); err != nil {
		return suite{}, err
	}
	// The tool is linked with libseccomp.
	if err := i.program(filepath.Join(dir, "bin/casemate"), "casemate/bin/casemate"); err != nil {
		return suite{}, err
	}
	if err := i.copy(filepath.Join(dir, "tests.test"), "casemate/tests/tests.test"); err != nil {
		return suite{}, err
	}
	tests, err := directory()
	if err != nil {
		return suite{}, err
	}
	if err := i.copy(filepath.Join(tests, "../docs/receipt.schema.json"), "casemate/docs/receipt.schema.json"); err != nil {
		return suite{}, err
	}
	for _, of := range []string{"tests/testdata", "examples"} {
		if err := i.tree(filepath.Join(tests, "..", of), "casemate/"+of); err != nil {
			return suite{}, err
		}
	}
	list, err := run(tests, filepath.Join(dir, "tests.test"), "-test.list", "^Test")
	if err != nil {
		return suite{}, err
	}
	return suite{i.archive, strings.Fields(list)}, i.userland()
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

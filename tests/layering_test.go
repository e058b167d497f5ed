// Package tests holds what is tested across rooms: the layering of the tree, the
// shipped binaries as files, and the launches as root.
package tests

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// edges are the imports that a package of ours may have among our own. Imports point
// one way; a new edge is a decision and is made here.
var edges = map[string][]string{
	"apparmor":              {"internal/facts"},
	"selinux":               {"internal/facts"},
	"internal/exit":         nil,
	"internal/wire":         nil,
	"internal/gate":         nil,
	"internal/sys":          nil,
	"internal/child":        nil,
	"internal/image":        {"internal/sys"},
	"internal/nofile":       nil,
	"internal/inherit":      nil,
	"internal/inherit/hook": {"internal/inherit"},
	"internal/inherit/hold": {"internal/inherit", "internal/sys"},
	"internal/facts":        {"internal/sys"},
	"internal/plan":         nil,
	"internal/orders":       {"internal/wire"},
	"internal/notify":       nil,
	"internal/sealed":       {"internal/wire"},
	"internal/mount":        {"internal/facts", "internal/plan", "internal/sealed", "selinux"},
	"internal/caps":         {"internal/facts", "internal/plan", "internal/sealed"},
	"internal/cgroup":       {"internal/facts", "internal/plan", "internal/sealed"},
	"internal/seccomp":      {"internal/plan", "internal/sealed"},
	"internal/network":      {"internal/plan"},
	"internal/landlock":     {"internal/facts", "internal/mount", "internal/plan", "internal/sealed"},
	"internal/process":      {"internal/facts", "internal/mount", "internal/plan", "internal/sealed"},
	"internal/launch":       {"apparmor", "internal/caps", "internal/cgroup", "internal/exit", "internal/facts", "internal/landlock", "internal/mount", "internal/network", "internal/plan", "internal/process", "internal/seccomp", "internal/sealed", "selinux"},
	"internal/render":       {"internal/child", "internal/plan"},
	"internal/holder":       {"internal/child", "internal/exit", "internal/plan", "internal/prepare", "internal/render"},
	"internal/prepare":      {"apparmor", "internal/exit", "internal/facts", "internal/image", "internal/orders", "internal/plan", "internal/sys"},
	"internal/verify":       {"apparmor", "internal/caps", "internal/facts", "internal/landlock", "internal/gate", "internal/mount", "internal/process", "internal/sealed", "internal/sys", "internal/seccomp"}, // and never internal/plan: what should be is the policy's
	"shim/supervise":        {"internal/child", "internal/exit", "internal/gate", "internal/notify", "internal/sys"},
	"shim":                  {"internal/child", "internal/exit", "internal/facts", "internal/gate", "internal/holder", "internal/inherit/hold", "internal/launch", "internal/orders", "internal/plan", "internal/prepare", "internal/render", "internal/sealed", "internal/verify", "selinux", "shim/supervise"},
	"init":                  {"internal/child", "internal/exit", "internal/gate", "internal/inherit", "internal/inherit/hook", "internal/nofile", "internal/orders", "internal/sys"},
	"policy/syntax":         nil,
	"policy/base":           nil,
	"policy/filter":         {"internal/sealed"},
	"policy/beneath":        {"internal/sealed"},
	"policy/filtertest":     {"policy/filter"},
	"policy/seccomp":        {"internal/sealed", "policy/filter"},
	"policy/prove":          {"policy/filter"}, // and never policy/seccomp, which it judges
	"policy/replay":         {"policy/filter"},
	"policy/danger":         nil,
	"policy/region":         {"policy/filter", "policy/prove"},
	"policy/tree":           {"internal/mount", "internal/sealed"},
	"policy/explain":        {"internal/caps", "internal/sealed", "policy/base", "policy/beneath", "policy/danger", "policy/filter", "policy/prove", "policy/region", "policy/syntax", "policy/tree"},
	"policy/diff":           {"internal/caps", "internal/sealed", "policy/base", "policy/beneath", "policy/filter", "policy/profile", "policy/prove", "policy/region", "policy/report", "policy/syntax", "policy/tree"},
	"policy/importer":       {"internal/caps", "policy/base", "policy/filter", "policy/syntax"},
	"policy/module":         {"internal/caps", "internal/sealed", "policy/profile"},
	"policy/profile":        {"apparmor", "internal/caps", "internal/mount", "internal/sealed", "policy/filter", "policy/prove"},
	"policy/compile":        {"apparmor", "internal/exit", "internal/landlock", "internal/sealed", "policy/base", "policy/beneath", "policy/danger", "policy/filter", "policy/profile", "policy/prove", "policy/replay", "policy/seccomp", "policy/syntax", "selinux"},
	"policy/report":         nil,
	"policy/sariftest":      nil,
	"policy/audit":          {"internal/caps", "internal/landlock", "internal/sealed", "policy/base", "policy/beneath", "policy/danger", "policy/filter", "policy/prove", "policy/region", "policy/report", "policy/syntax", "policy/tree"},
	"policy":                {"internal/caps", "internal/exit", "internal/facts", "internal/launch", "internal/plan", "internal/sealed", "policy/audit", "policy/beneath", "policy/compile", "policy/diff", "policy/explain", "policy/filter", "policy/importer", "policy/module", "policy/profile", "policy/report", "policy/seccomp", "policy/syntax"},
	"policy/filter/gen":     nil,
	"tests":                 {"internal/facts", "internal/sealed", "tests/lab"}, // sealed: one policy under many names, without compiling each
	"fuzz":                  nil,
	"tests/bench":           {"tests/lab"},
	"tests/bench-init":      {"tests/lab"},
	"tests/lab":             nil,
	"tests/trace":           {"policy/filter"},
	"tests/arena":           {"tests/lab", "tests/trace"},
	"tests/faults":          nil,
	"tests/races":           nil,
	"tests/bench-filter":    {"policy/compile", "policy/filter", "policy/seccomp", "tests/lab"},
	"tests/systemd":         nil,
	"tests/vm":              nil,
	"examples/appliance":    {"tests/vm"},
	"tests/vm/guest":        nil,
	"tests/vm/shell":        {"tests/vm"},
	"tests/count":           nil,
	"tests/probe":           nil,
}

// pure rooms do not touch the kernel; they may use x/sys/unix for its constants.
var pure = []string{
	"apparmor", "selinux", "internal/wire", "internal/gate", "internal/orders", "internal/notify", "internal/sealed", "internal/plan",
	"internal/mount", "internal/caps", "internal/cgroup", "internal/seccomp", "internal/network", "internal/landlock", "internal/process", "internal/launch",
	"policy/beneath", "policy/region", "policy/tree", "policy/diff", "policy/explain", "policy/module",
}

// shipped binaries must not link any of these: compilers of policy, cgo, reflection-heavy
// packages that init has no use for.
var unlinked = map[string][]string{
	"shim": {"policy/", "runtime/cgo", "github.com/pelletier", "github.com/seccomp", "net", "os/exec"},
	"init": {"policy/", "runtime/cgo", "golang.org/x/sys", "fmt", "os", "reflect", "strings", "time", "encoding/json", "net", "os/exec", "os/signal"},
}

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// list is `go list` of everything, or of one package.
func list(t *testing.T, pattern string) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", pattern)
	cmd.Dir = ".."
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=1")
	if strings.HasPrefix(pattern, "./shim") || strings.HasPrefix(pattern, "./init") {
		cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
}

func ours(path string) (string, bool) { return strings.CutPrefix(path, "casemate/") }

func TestLayeringImportsPointOneWay(t *testing.T) {
	for _, p := range list(t, "./...") {
		name, _ := ours(p.ImportPath)
		allowed, known := edges[name]
		if !known {
			t.Errorf("%s: a room that the layering does not know", name)
		}
		for _, i := range p.Imports {
			if to, ok := ours(i); ok && !slices.Contains(allowed, to) {
				t.Errorf("%s imports %s", name, to)
			}
		}
	}
}

func TestLayeringPureRoomsDoNotTouchTheKernel(t *testing.T) {
	for _, room := range pure {
		for _, i := range list(t, "./"+room)[0].Imports {
			if slices.Contains([]string{"os", "os/exec", "os/signal", "net", "syscall", "time"}, i) {
				t.Errorf("%s imports %s", room, i)
			}
		}
	}
}

func TestLayeringOfShippedBinaries(t *testing.T) {
	for program, banned := range unlinked {
		for _, dep := range list(t, "./"+program)[0].Deps {
			for _, b := range banned {
				path, _ := ours(dep)
				if dep == b || strings.HasSuffix(b, "/") && strings.HasPrefix(path, b) || strings.Contains(b, ".") && strings.HasPrefix(dep, b) {
					t.Errorf("%s links %s", program, dep)
				}
			}
		}
	}
}

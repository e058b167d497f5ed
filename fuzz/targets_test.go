package fuzz

import (
	"os"
	"strings"
	"testing"
)

// decoders are all that read bytes of somebody else's, with the fuzz target of each. The
// targets stand beside what they test; fuzz/run.sh finds them by their names.
var decoders = map[string][2]string{
	"policy text":                       {"policy/syntax/fuzz_test.go", "FuzzParse"},
	"policy, bases and all":             {"policy/compile/fuzz_test.go", "FuzzCompile"},
	"condition on arguments":            {"policy/seccomp/fuzz_test.go", "FuzzParseExpr"},
	"rules to programs":                 {"policy/seccomp/fuzz_test.go", "FuzzCompile"},
	"classic BPF":                       {"policy/prove/fuzz_test.go", "FuzzParse"},
	"classic BPF, evaluated":            {"policy/prove/fuzz_test.go", "FuzzWalk"},
	"filter of a sealed policy":         {"fuzz/filter_test.go", "FuzzSealedFilter"},
	"sealed policy":                     {"internal/sealed/sealed_fuzz_test.go", "FuzzDecode"},
	"sealed policy, audited":            {"policy/audit/fuzz_test.go", "FuzzAudit"},
	"earlier report of the audit":       {"policy/audit/fuzz_test.go", "FuzzKnown"},
	"two filters, compared":             {"policy/diff/filter_test.go", "FuzzPrograms"},
	"audit record of the kernel":        {"policy/explain/record_test.go", "FuzzRecord"},
	"seccomp profile of OCI":            {"policy/importer/fuzz_test.go", "FuzzOCISeccomp"},
	"runtime configuration of OCI":      {"policy/importer/fuzz_test.go", "FuzzOCIConfig"},
	"policy of minijail":                {"policy/importer/fuzz_test.go", "FuzzMinijail"},
	"unit of systemd":                   {"policy/importer/fuzz_test.go", "FuzzUnit"},
	"mountinfo of init":                 {"internal/verify/fuzz_test.go", "FuzzMountinfo"},
	"status of init":                    {"internal/verify/fuzz_test.go", "FuzzStatus"},
	"stat of init":                      {"internal/verify/fuzz_test.go", "FuzzStat"},
	"limits of init":                    {"internal/verify/fuzz_test.go", "FuzzLimits"},
	"control files of the cgroup":       {"internal/verify/fuzz_test.go", "FuzzControl"},
	"receipt":                           {"internal/verify/fuzz_test.go", "FuzzReceipt"},
	"orders of init":                    {"internal/orders/orders_test.go", "FuzzDecode"},
	"notification of the workload":      {"internal/notify/notify_test.go", "FuzzParse"},
	"canonical encoding":                {"internal/wire/wire_test.go", "FuzzDecode"},
	"policy to plan":                    {"internal/launch/property_test.go", "FuzzEveryPlanKeepsTheInvariants"},
	"recorded facts of a host":          {"fuzz/facts_test.go", "FuzzFacts"},
	"context of SELinux":                {"selinux/level_test.go", "FuzzCanonical"},
	"compiled profile of AppArmor":      {"apparmor/binary_test.go", "FuzzCheck"},
	"the whole line, from text to plan": {"fuzz/line_test.go", "FuzzWholeLine"},
}

func TestEveryDecoderIsFuzzed(t *testing.T) {
	for what, target := range decoders {
		b, err := os.ReadFile("../" + target[0])
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		_, body, ok := strings.Cut(string(b), "\nfunc "+target[1]+"(f *testing.F) {")
		if !ok || !strings.Contains(body, ".Fuzz(") {
			t.Errorf("%s: %s has no target %s", what, target[0], target[1])
		}
	}
}

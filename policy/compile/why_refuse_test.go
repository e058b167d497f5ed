package compile

import "testing"

func TestRefusedWhy(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"not needed": {
			`why."capabilities.SYS_ADMIN" = "it mounts things"`,
			`p.toml:5:5: no grant needs this reason: "capabilities.SYS_ADMIN"`,
		},
		"misspelt": {
			`capabilities.keep = ["SYS_ADMIN"]
why."capabilities.SYS_ADMN" = "it mounts things"`,
			`p.toml:5:22: a dangerous grant without a reason (mounts, namespaces and most else of root's powers): "capabilities.SYS_ADMIN"; hint: under [why], write: "capabilities.SYS_ADMIN" = "the reason"
p.toml:6:5: no grant needs this reason: "capabilities.SYS_ADMN"; hint: did you mean "capabilities.SYS_ADMIN"?`,
		},
		"not a sentence": {
			`capabilities.keep = ["SYS_ADMIN"]
why."capabilities.SYS_ADMIN" = "needed"`,
			`p.toml:6:32: too short for a reason: "needed"; hint: write the sentence that a reviewer needs`,
		},
	})
}

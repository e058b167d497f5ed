package compile

import "testing"

func TestRefusedCaps(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"unknown": {
			`capabilities.keep = ["NET_BIND"]`,
			`p.toml:5:22: unknown capability: "NET_BIND"; hint: did you mean "NET_BIND_SERVICE"?`,
		},
		"with the prefix": {
			`capabilities.keep = ["CAP_NET_BIND_SERVICE"]`,
			`p.toml:5:22: unknown capability: "CAP_NET_BIND_SERVICE"; hint: did you mean "NET_BIND_SERVICE"?`,
		},
		"lower case": {
			`capabilities.keep = ["net_bind_service"]`,
			`p.toml:5:22: unknown capability: "net_bind_service"; hint: did you mean "NET_BIND_SERVICE"?`,
		},
		"dangerous": {
			`capabilities.keep = ["SYS_ADMIN"]`,
			`p.toml:5:22: a dangerous grant without a reason (mounts, namespaces and most else of root's powers): "capabilities.SYS_ADMIN"; hint: under [why], write: "capabilities.SYS_ADMIN" = "the reason"`,
		},
		"ambient and not kept": {
			`capabilities.keep = ["KILL"]
capabilities.ambient = ["KILL", "CHOWN"]`,
			`p.toml:6:33: ambient and not kept: "CHOWN"; hint: add it to keep`,
		},
	})
}

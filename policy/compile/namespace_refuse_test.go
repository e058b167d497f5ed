package compile

import "testing"

func TestRefusedNamespace(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"pid": {
			`namespaces.share = ["pid"]`,
			`p.toml:5:21: this namespace is never shared: "pid"; hint: init needs PID and mount namespaces of its own`,
		},
		"mount": {
			`namespaces.share = ["mount"]`,
			`p.toml:5:21: this namespace is never shared: "mount"; hint: init needs PID and mount namespaces of its own`,
		},
		"net without a why": {
			`namespaces.share = ["net"]`,
			`p.toml:5:21: a dangerous grant without a reason (every address, port and abstract socket of the host is in reach): "namespaces.net"; hint: under [why], write: "namespaces.net" = "the reason"`,
		},
		"net by the mode, without a why": {
			`network.mode = "host"`,
			`p.toml:5:16: a dangerous grant without a reason (every address, port and abstract socket of the host is in reach): "namespaces.net"; hint: under [why], write: "namespaces.net" = "the reason"`,
		},
		"net both ways": {
			`namespaces.share = ["net"]
network.mode = "none"`,
			`p.toml:5:21: a dangerous grant without a reason (every address, port and abstract socket of the host is in reach): "namespaces.net"; hint: under [why], write: "namespaces.net" = "the reason"
p.toml:6:16: the network is both shared and none: "none"; hint: namespaces.share has net: leave one of the two out`,
		},
		"ipc without a why": {
			`namespaces.share = ["ipc"]`,
			`p.toml:5:21: a dangerous grant without a reason (System V and POSIX queues and segments of the host are in reach): "namespaces.ipc"; hint: under [why], write: "namespaces.ipc" = "the reason"`,
		},
		"uts without a why": {
			`namespaces.share = ["uts"]`,
			`p.toml:5:21: a dangerous grant without a reason (the host's name is visible): "namespaces.uts"; hint: under [why], write: "namespaces.uts" = "the reason"`,
		},
		"cgroup without a why": {
			`namespaces.share = ["cgroup"]`,
			`p.toml:5:21: a dangerous grant without a reason (the host's cgroup tree is visible): "namespaces.cgroup"; hint: under [why], write: "namespaces.cgroup" = "the reason"`,
		},
		"network mode": {
			`network.mode = "bridge"`,
			`p.toml:5:16: unknown network mode: "bridge"; hint: it is one of "none", "host", "join:PATH"`,
		},
		"joining a bad path": {
			`network.mode = "join:run/netns/x"`,
			`p.toml:5:16: the path is not absolute: "run/netns/x"; hint: begin it with a slash`,
		},
		"host name": {
			`namespaces.hostname = "a_b"`,
			`p.toml:5:23: not a host name: "a_b"; hint: letters, digits, dashes; labels joined by dots; at most 64`,
		},
		"host name too long": {
			`namespaces.hostname = "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"`,
			`p.toml:5:23: not a host name: "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"; hint: letters, digits, dashes; labels joined by dots; at most 64`,
		},
		"host name of the host": {
			`namespaces.hostname = "a"
namespaces.share = ["uts"]
why."namespaces.uts" = "it reports the name"`,
			`p.toml:5:23: a host name for the host's own UTS namespace: "a"; hint: leave it out, or do not share uts`,
		},
	})
}

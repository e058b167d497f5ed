package compile

import (
	"slices"
	"testing"

	"casemate/internal/sealed"
)

// contractMounts are the mounts of a policy below /dev/casemate.
func contractMounts(p *sealed.Policy) (paths []string) {
	for _, m := range p.Mounts {
		if m.Kind == sealed.Notify || m.Kind == sealed.Secrets {
			paths = append(paths, m.Target+" "+m.At)
		}
	}
	return paths
}

func TestManager(t *testing.T) {
	p := good(t, "[manager]\nready = \"notify\"\npass_fds = [\"b.socket\", \"a b\"]\nwatchdog = true\ncredentials = [\"tls.key\", \"b\"]\n")
	equal(t, p.Manager, sealed.Manager{
		Ready: sealed.ReadyNotify, Watchdog: true, At: "p.toml:5",
		Sockets:     []sealed.Passed{{Name: "a b", At: "p.toml:7"}, {Name: "b.socket", At: "p.toml:7"}},
		Credentials: []sealed.Passed{{Name: "b", At: "p.toml:9"}, {Name: "tls.key", At: "p.toml:9"}},
	})
	equal(t, contractMounts(p), []string{"/dev/casemate/credentials p.toml:5", "/dev/casemate/notify p.toml:5"})
}

// Without a word about it nothing of the manager's reaches the workload.
func TestManagerByDefault(t *testing.T) {
	for _, text := range []string{"", "manager.ready = \"exec\"\n", "manager.watchdog = false\n", "manager.pass_fds = []\n", "manager.credentials = []\n"} {
		p := good(t, text)
		if m := p.Manager; m.Ready != sealed.ReadyExec || m.Watchdog || len(m.Sockets)+len(m.Credentials) != 0 || contractMounts(p) != nil {
			t.Errorf("%q: %+v", text, m)
		}
	}
	for text, want := range map[string][]string{
		"manager.watchdog = true\n":         {"/dev/casemate/notify p.toml:5"},
		"manager.ready = \"notify\"\n":      {"/dev/casemate/notify p.toml:5"},
		"manager.credentials = [\"a\"]\n":   {"/dev/casemate/credentials p.toml:5"},
		"manager.pass_fds = [\"x.socket\"]": nil,
	} {
		if got := contractMounts(good(t, text)); !slices.Equal(got, want) {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestManagerRefuses(t *testing.T) {
	const hint = "; hint: printable ASCII without colons, at most 255; a credential has no slash"
	refuseAll(t, map[string][2]string{
		"another word":           {`manager.ready = "started"`, `p.toml:5:17: unknown word: "started"; hint: it is one of exec, notify`},
		"a boolean":              {`manager.pass_fds = true`, `p.toml:5:20: want a list, found a boolean: "true"; hint: write it in brackets: ["true"]`},
		"an interval":            {`manager.watchdog = "30s"`, `p.toml:5:20: want true or false, found a string: "30s"`},
		"a colon":                {`manager.pass_fds = ["a:b"]`, `p.toml:5:21: not the name of a descriptor, as in LISTEN_FDNAMES: "a:b"` + hint},
		"a line end":             {`manager.pass_fds = ["a\n"]`, `p.toml:5:21: the string holds a character that is not allowed: U+000A: "a\n"`},
		"a credential of a path": {`manager.credentials = ["a/b"]`, `p.toml:5:24: not the name of a credential: "a/b"` + hint},
		"the directory":          {`manager.credentials = [".."]`, `p.toml:5:24: not the name of a credential: ".."` + hint},
		"no /dev":                {"mounts.dev = \"none\"\nmanager.watchdog = true", `p.toml:5:14: what the service manager passes on is mounted below /dev: "mounts.dev"; hint: leave it out`},
		"a mount there":          {`mounts.tmpfs = [{ at = "/dev/casemate/notify" }]`, `p.toml:5:24: the directory is that of the contract with the service manager: "/dev/casemate/notify"; hint: see [manager]`},
		"a mount over it":        {`mounts.bind = [{ from = "/dev/casemate" }]`, `p.toml:5:16: the directory is that of the contract with the service manager: "/dev/casemate"; hint: see [manager]`},
	})
}

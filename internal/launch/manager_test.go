package launch

import (
	"slices"
	"strings"
	"testing"

	"casemate/internal/exit"
	"casemate/internal/facts"
	"casemate/internal/orders"
	"casemate/internal/plan"
	"casemate/internal/sealed"
)

// managed takes everything that a service manager passes.
func managed() *sealed.Policy {
	p := minimal()
	p.Service, p.Namespaces.Hostname = "managed", "managed"
	p.Mounts = []sealed.Mount{
		{Kind: sealed.Dev, Target: "/dev", Devices: true, Size: 65536, Inodes: 64, At: "managed.toml:4"},
		{Kind: sealed.Secrets, Target: sealed.SecretsPath, At: "managed.toml:6"},
		{Kind: sealed.Notify, Target: sealed.NotifyPath, Type: sealed.Socket, At: "managed.toml:6"},
	}
	p.Manager = sealed.Manager{
		Ready: sealed.ReadyNotify, Watchdog: true, At: "managed.toml:6",
		Sockets:     []sealed.Passed{{Name: "http", At: "managed.toml:8"}, {Name: "ssh", At: "managed.toml:9"}},
		Credentials: []sealed.Passed{{Name: "tls.key", At: "managed.toml:10"}},
	}
	return p
}

// obliged is a host whose manager passes it, and one socket twice.
func obliged(t *testing.T) *facts.Facts {
	f := recorded(t, "debian12-selinux")
	f.Manager = Obliging(managed())
	f.Manager.Listen = append(f.Manager.Listen, "http")
	return f
}

// Sockets get their numbers in the manager's order, and what is closed begins behind them.
func TestSockets(t *testing.T) {
	p, err := Lower(managed(), obliged(t))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range p.Opens {
		if o.Kind == plan.Listen {
			names = append(names, o.Path+" "+o.At)
		}
	}
	if want := []string{"http managed.toml:8", "ssh managed.toml:9", "http managed.toml:8"}; !slices.Equal(names, want) {
		t.Errorf("opened %q", names)
	}
	for i, n := range []uint64{7, 8, 9} {
		step := p.Steps[ops(p, plan.Dup3)[4+i]]
		if step.Args[1].Int != n || step.Args[2].Int != 0 || uint64(orders.SocketFD+i) != n {
			t.Errorf("%s", step)
		}
	}
	if s := p.Steps[ops(p, plan.CloseRange)[0]]; s.Args[0].Int != 10 {
		t.Errorf("%s", s)
	}
}

// A policy that names none gets none, whatever the manager passes, and however.
func TestSocketsNotNamed(t *testing.T) {
	p := managed()
	p.Manager.Sockets = nil
	for _, fault := range []string{"", "descriptor 3 is a directory"} {
		f := obliged(t)
		f.Manager.Fault = fault
		out, err := Lower(p, f)
		if err != nil {
			t.Fatal(err)
		}
		if s := out.Steps[ops(out, plan.CloseRange)[0]]; s.Args[0].Int != 7 || len(ops(out, plan.Dup3)) != 4 {
			t.Errorf("%s", s)
		}
	}
}

func TestWhatTheManagerLacks(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts func(*facts.Manager)
		want  []string
	}{
		{"nothing", func(m *facts.Manager) { *m = facts.Manager{} }, []string{
			`managed.toml:8: the service manager passes no descriptor named "http"`, `managed.toml:9: the service manager passes no descriptor named "ssh"`,
			"managed.toml:6: the service manager sets no watchdog (WATCHDOG_USEC)", "managed.toml:6: the service manager passes no credentials (CREDENTIALS_DIRECTORY)"}},
		{"one of two", func(m *facts.Manager) { m.Listen = []string{"http"} }, []string{`no descriptor named "ssh"`}},
		{"one too many", func(m *facts.Manager) { m.Listen = append(m.Listen, "x", "x") }, []string{`managed.toml:6: the service manager passes a descriptor named "x", which pass_fds does not name`}},
		{"a fault", func(m *facts.Manager) { m.Listen, m.Fault = nil, "LISTEN_FDS is strange" }, []string{"managed.toml:6: LISTEN_FDS is strange"}},
		{"no watchdog", func(m *facts.Manager) { m.Watchdog = 0 }, []string{"no watchdog"}},
		{"no credentials", func(m *facts.Manager) { m.Credentials = "" }, []string{"no credentials"}},
	} {
		f := obliged(t)
		c.facts(&f.Manager)
		_, err := Lower(managed(), f)
		if exit.CodeOf(err) != exit.Lacking {
			t.Fatalf("%s: %v", c.name, err)
		}
		if n := strings.Count(err.Error(), "managed.toml"); n != len(c.want) {
			t.Errorf("%s: %d complaints: %v", c.name, n, err)
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v lacks %q", c.name, err, want)
			}
		}
	}
}

// As many as there can be do not reach the parent's own descriptors, nor the program's slots.
func TestMostSockets(t *testing.T) {
	p, f := managed(), obliged(t)
	f.Manager.Listen = slices.Repeat([]string{"http", "ssh"}, sealed.MaxSockets/2)
	out, err := Lower(p, f)
	if err != nil {
		t.Fatal(err)
	}
	if s := out.Steps[ops(out, plan.CloseRange)[0]]; s.Args[0].Int != 55 {
		t.Errorf("%s", s)
	}
}

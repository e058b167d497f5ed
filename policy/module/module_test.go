package module

import (
	"strings"
	"testing"

	"casemate/internal/sealed"
)

func service() *sealed.Policy {
	return &sealed.Policy{Service: "web", LSM: sealed.LSM{
		SELinux:  sealed.Label{Text: "system_u:system_r:casemate_web_t:s0"},
		Contexts: sealed.Contexts{Files: "system_u:object_r:casemate_web_file_t"},
	}}
}

// Each rule comes with what the policy has, and not without.
func TestRulesFollowThePolicy(t *testing.T) {
	for _, c := range []struct {
		rule   string
		change func(*sealed.Policy)
	}{
		{"(capability (net_bind_service))", func(p *sealed.Policy) { p.Caps.Ambient = 1 << 10 }},
		{"(capability2 (bpf))", func(p *sealed.Policy) { p.Caps.Ambient = 1 << 39 }},
		{"(cap_userns (net_bind_service))", func(p *sealed.Policy) {
			p.Caps.Ambient, p.Namespaces.UIDs = 1<<10, []sealed.IDRange{{Outside: 100000, Count: 1}}
		}},
		{"(cap2_userns (bpf))", func(p *sealed.Policy) {
			p.Caps.Ambient, p.Namespaces.UIDs = 1<<39, []sealed.IDRange{{Outside: 100000, Count: 1}}
		}},
		{"blk_file", func(p *sealed.Policy) { p.Devices = []sealed.Device{{Path: "/dev/sda", Block: true}} }},
		{"(allow casemate_web_t casemate_launcher (tcp_socket", func(p *sealed.Policy) { p.Manager.Sockets = []sealed.Passed{{Name: "x"}} }},
		{"(allow casemate_web_t var_run_t (sock_file", func(p *sealed.Policy) { p.Manager.Ready = sealed.ReadyNotify }},
		{`(filecon "/srv/a\.b..(/.*)?" any`, func(p *sealed.Policy) {
			p.Mounts = []sealed.Mount{{Kind: sealed.Bind, Source: "/srv/a.b\"\n", Writable: true}}
		}},
		{"(allow casemate_web_t bin_t (file (read open getattr ioctl map lock watch execute execute_no_trans))", func(p *sealed.Policy) {
			p.Mounts = []sealed.Mount{{Kind: sealed.Bind, Source: "/usr", Exec: true}}
		}},
		{"setattr execute execute_no_trans)", func(p *sealed.Policy) { p.Mounts = []sealed.Mount{{Kind: sealed.Tmpfs, Writable: true, Exec: true}} }},
	} {
		p := service()
		without, err := Text(p)
		if err != nil || strings.Contains(without, c.rule) {
			t.Errorf("%s without its cause: %v", c.rule, err)
		}
		c.change(p)
		with, err := Text(p)
		if err != nil || !strings.Contains(with, c.rule) {
			t.Errorf("no %s: %v\n%s", c.rule, err, with)
		}
		if strings.Contains(with, "permissive") || strings.Contains(with, "unconfined") || strings.Count(with, "(") != strings.Count(with, ")") {
			t.Errorf("%s", with)
		}
	}
}

// Types that the system or an administrator has named have modules of theirs.
func TestOnlyGeneratedTypes(t *testing.T) {
	for name, change := range map[string]func(*sealed.Policy){
		"no label":         func(p *sealed.Policy) { p.LSM = sealed.LSM{} },
		"another domain":   func(p *sealed.Policy) { p.LSM.SELinux.Text = "system_u:system_r:unconfined_t:s0" },
		"no files":         func(p *sealed.Policy) { p.LSM.Contexts.Files = "" },
		"files of another": func(p *sealed.Policy) { p.LSM.Contexts.Files = "system_u:object_r:etc_t" },
	} {
		p := service()
		change(p)
		if text, err := Text(p); err == nil || !strings.Contains(err.Error(), "not generated ones") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}

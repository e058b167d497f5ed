package compile

import (
	"strings"
	"testing"

	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// A generated profile has the service's name, and what made it is among the inputs.
func TestGeneratedProfile(t *testing.T) {
	p := good(t, "lsm.apparmor = { generate = true, require = false }\n")
	if p.LSM.AppArmor != (sealed.Label{Text: "casemate-x", At: "p.toml:5"}) || len(p.LSM.Profile.Binaries) != 1 || p.LSM.Profile.Binaries[0].ABI != "3.0" {
		t.Errorf("%+v", p.LSM)
	}
	made := 0
	for _, in := range p.Inputs {
		if in.Kind == "apparmor" {
			made++
		}
	}
	if made != 2 {
		t.Errorf("inputs %+v", p.Inputs)
	}
	if p = good(t, "lsm.apparmor = { profile = \"web\", generate = false }\n"); len(p.LSM.Profile.Binaries) != 0 {
		t.Errorf("%+v", p.LSM)
	}
	refuse(t, "lsm.apparmor = { generate = true }\nmounts.tmpfs = [{ at = \"/a*\" }]\n", "p.toml:5:29: no profile can be generated: the path \"/a*\" (p.toml:6) has a '*', which a generated profile cannot carry: \"lsm.apparmor.generate\"")
}

// network.mode and namespaces.share are two spellings of one grant.
func TestNetwork(t *testing.T) {
	const why = "\n[why]\n\"namespaces.net\" = \"it serves the host\"\n"
	for text, shared := range map[string]bool{
		"":                                 false,
		`network.mode = "none"`:            false,
		`network.mode = "host"` + why:      true,
		`namespaces.share = ["net"]` + why: true,
		"namespaces.share = [\"net\"]\nnetwork.mode = \"host\"" + why: true,
	} {
		if got := good(t, text).Namespaces.New&unix.CLONE_NEWNET == 0; got != shared {
			t.Errorf("%s: shared %v", text, got)
		}
	}
}

func TestHostname(t *testing.T) {
	for text, want := range map[string]string{
		`policy = 1`: "x",
		`namespaces.hostname = "db1.example.org"`:                                                  "db1.example.org",
		"namespaces.share = [\"uts\"]\n[why]\n\"namespaces.uts\" = \"it reports the host's name\"": "",
	} {
		if text == "policy = 1" {
			text = ""
		}
		if got := good(t, text).Namespaces.Hostname; got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	for service, want := range map[string]string{"a_b": "a-b", "web.1": "web.1"} {
		p, err := compiled(t, map[string]string{"p.toml": strings.Replace(head, `"x"`, `"`+service+`"`, 1)})
		if err != nil || p.Namespaces.Hostname != want {
			t.Errorf("%s: %v, %v", service, p, err)
		}
	}
}

func TestCapabilities(t *testing.T) {
	p := good(t, "capabilities.keep = [\"NET_BIND_SERVICE\", \"KILL\"]\ncapabilities.ambient = [\"KILL\"]\n")
	equal(t, p.Caps, sealed.Capabilities{Keep: 1<<10 | 1<<5, Ambient: 1 << 5, At: "p.toml:5"})
	p = good(t, "capabilities.keep = [\"KILL\"]\n")
	equal(t, p.Caps.Ambient, uint64(1<<5))
	p = good(t, "capabilities.keep = [\"KILL\"]\ncapabilities.ambient = []\n")
	equal(t, p.Caps.Ambient, uint64(0))
	p = good(t, "capabilities.keep = [\"BPF\"]\n[why]\n\"capabilities.BPF\" = \"it loads its own tracer\"\n")
	equal(t, p.Caps.Keep, uint64(1<<39))
}

func TestLabels(t *testing.T) {
	p := good(t, "lsm.apparmor.profile = \"nginx\"\nlsm.selinux = { type = \"nginx_t\", level = \"s0:c1,c2\", require = false }\n")
	equal(t, p.LSM, sealed.LSM{Landlock: p.LSM.Landlock,
		AppArmor: sealed.Label{Text: "nginx", Require: true, At: "p.toml:5"},
		SELinux:  sealed.Label{Text: "system_u:system_r:nginx_t:s0:c1,c2", At: "p.toml:6"},
	})
	for text, want := range map[string]string{
		`lsm.selinux.type = "x_t"`:                              "system_u:system_r:x_t:s0",
		`lsm.selinux.label = "u:r:x_t:s0-s15:c0.c1023"`:         "u:r:x_t:s0-s15:c0.c1023",
		`lsm.selinux.label = "u:r:x_t:s0:c1,c5.c9-s3:c1,c5.c9"`: "u:r:x_t:s0:c1,c5.c9-s3:c1,c5.c9",
	} {
		equal(t, good(t, text).LSM.SELinux.Text, want)
	}
	for text, want := range map[string]sealed.Contexts{
		`lsm.selinux = { type = "x_t", level = "auto" }`:                    {Auto: true},
		`lsm.selinux = { type = "x_t", file_type = "x_file_t" }`:            {Files: "system_u:object_r:x_file_t"},
		`lsm.selinux = { generate = true }`:                                 {Auto: true, Files: "system_u:object_r:casemate_x_file_t"},
		`lsm.selinux = { generate = true, level = "s0" }`:                   {Files: "system_u:object_r:casemate_x_file_t"},
		`lsm.selinux = { label = "u:r:x_t:s0:c7", file_type = "x_file_t" }`: {Files: "system_u:object_r:x_file_t"},
	} {
		equal(t, good(t, text).LSM.Contexts, want)
	}
	equal(t, good(t, `lsm.selinux = { generate = true }`).LSM.SELinux.Text, "system_u:system_r:casemate_x_t:s0")
	refuse(t, `lsm.apparmor.profile = "`+strings.Repeat("a", 256)+`"`,
		`p.toml:5:24: the name of a profile has at most 255 bytes: "`+strings.Repeat("a", 32)+`…"`)
	refuse(t, `mounts.tmpfs = [{ at = "/`+strings.Repeat("x", 256)+`" }]`,
		`p.toml:5:24: a part of the path is longer than 255 bytes: "/`+strings.Repeat("x", 31)+`…"`)
}

func TestCgroup(t *testing.T) {
	p := good(t, `
[cgroup]
io.weight = 50
io.max = ["8:0 rbps=1048576 wiops=max", "8:16 wbps=2"]
cpuset.cpus = "0-3,5"
cpu.max = "max 100000"
cpu.weight = 200
pids.max = 64
memory.swap.max = "0"
memory.max = "512M"
memory.high = "max"
memory.oom.group = true
`[1:])
	var got []string
	for _, l := range p.Limits {
		got = append(got, l.File+"="+l.Value+" "+l.At)
	}
	equal(t, got, []string{
		"memory.oom.group=1 p.toml:15", "memory.high=max p.toml:14", "memory.max=536870912 p.toml:13", "memory.swap.max=0 p.toml:12",
		"pids.max=64 p.toml:11", "cpu.weight=200 p.toml:10", "cpu.max=max 100000 p.toml:9", "cpuset.cpus=0-3,5 p.toml:8",
		"io.weight=default 50 p.toml:6", "io.max=8:0 rbps=1048576 wiops=max p.toml:7", "io.max=8:16 wbps=2 p.toml:7",
	})
}

func TestSignals(t *testing.T) {
	p := good(t, "signals.scope = \"group\"\nsignals.forward = { USR1 = \"drop\", TERM = \"QUIT\", HUP = \"KILL\", \"RTMIN+3\" = \"RTMAX-1\", RTMAX = \"HUP\" }\nmanager.ready = \"exec\"\n")
	equal(t, p.Signals, sealed.Signals{Scope: sealed.ScopeGroup, Stop: 3, Grace: 80_000, Forward: []sealed.Forward{
		{From: 1, To: 9}, {From: 10, To: 0}, {From: 15, To: 3}, {From: 37, To: 63}, {From: 64, To: 1},
	}})
	for text, want := range map[string]sealed.Signals{
		`scope = "all"`:    {Scope: sealed.ScopeAll, Stop: 15, Grace: 80_000},
		`stop = "RTMIN+3"`: {Stop: 37, Grace: 80_000},
		`stop = "KILL"`:    {Stop: 9, Grace: 80_000},
		"forward = { TERM = \"drop\" }\nstop = \"QUIT\"": {Stop: 3, Grace: 80_000, Forward: []sealed.Forward{{From: 15}}},
		`grace = "0s"`:         {Stop: 15},
		`grace = "1m30s500ms"`: {Stop: 15, Grace: 90_500},
		`grace = "24h"`:        {Stop: 15, Grace: sealed.MaxGrace},
	} {
		equal(t, good(t, "[signals]\n"+text+"\n").Signals, want)
	}
}

// Everything that the result depends on is among the inputs, in one order.
func TestInputs(t *testing.T) {
	p := good(t, "seccomp.allow = [\"@io\", \"@default\"]\nextends = [\"base/daemon\"]\n")
	var got []string
	for _, in := range p.Inputs {
		name := in.Name
		if in.Kind == "table" || in.Kind == "libseccomp" {
			name = ""
		}
		got = append(got, in.Kind+" "+name)
	}
	equal(t, strings.Join(got, ","), "text p.toml,base base/daemon,base base/masks,base base/minimal,"+
		"group @casemate-init,group @default,group @file-read,group @file-write,group @io,group @memory,group @process,"+
		"group @signals,group @threads,group @time,group @unix-socket,table ,compiler casemate "+Version+",libseccomp ")
}

// The same files give the same policy; a changed comment gives another input.
func TestDeterministic(t *testing.T) {
	text := head + "extends = [\"base/daemon\", \"base/tcp-server\"]\n"
	seal := func(text string) string {
		p, err := compiled(t, map[string]string{"p.toml": text})
		if err != nil {
			t.Fatal(err)
		}
		b, err := sealed.Encode(p, nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	first := seal(text)
	for range 5 {
		if seal(text) != first {
			t.Fatal("two compilations differ")
		}
	}
	if seal(text+"# reviewed\n") == first {
		t.Error("a changed text gives the same sealed policy")
	}
}

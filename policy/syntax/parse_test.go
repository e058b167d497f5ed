package syntax

import (
	"fmt"
	"testing"
)

const sample = `# A sample.
policy = 1
service = "x"

[exec]
argv = ["/bin/x", ""]
env.LANG = "C"
rlimits = { nofile = "10:20" }

[cgroup]
memory.max = "1G"
memory.oom.group = true

[mounts]
bind = [
  { from = "/a" },
  { from = "/b", writable = true },
]

[[mounts.tmpfs]]
at = "/t"

[[mounts.tmpfs]]
at = "/u"

[why]
"masks./proc/kcore" = "a reason"
`

func TestParse(t *testing.T) {
	f, err := Parse("p.toml", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintln(*f.Service, f.Exec.Argv, f.Exec.Env, f.Exec.Rlimits, *f.Cgroup.Memory.Max, *f.Cgroup.Memory.OOM.Group,
		f.Mounts.Bind[1].From, f.Mounts.Bind[1].Writable, f.Mounts.Tmpfs[1].At, f.Why)
	want := "x [/bin/x ] map[LANG:C] map[nofile:10:20] 1G true /b true /u map[masks./proc/kcore:a reason]\n"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if f.Exec.Cwd != nil || f.Root.Writable != nil || f.LSM.AppArmor != nil {
		t.Error("a key that is absent has a value")
	}
}

func TestPositions(t *testing.T) {
	f, err := Parse("p.toml", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	for want, n := range map[string]*Node{
		"p.toml:3:11":  f.Find("service"),
		"p.toml:5:2":   f.Find("exec"),
		"p.toml:6:19":  f.Find("exec.argv", 1),
		"p.toml:7:12":  f.Find("exec.env", "LANG"),
		"p.toml:8:22":  f.Find("exec.rlimits", "nofile"),
		"p.toml:11:14": f.Find("cgroup.memory.max"),
		"p.toml:12:20": f.Find("cgroup.memory.oom.group"),
		"p.toml:17:12": f.Find("mounts.bind", 1, "from"),
		"p.toml:24:6":  f.Find("mounts.tmpfs", 1, "at"),
		"p.toml:27:23": f.Find("why", "masks./proc/kcore"),
	} {
		if n == nil || n.Pos.String() != want {
			t.Errorf("want %s, got %+v", want, n)
		}
	}
	if f.KeyPos("exec.env", "LANG").String() != "p.toml:7:5" {
		t.Error(f.KeyPos("exec.env", "LANG"))
	}
	if f.Pos("exec.umask") != (Position{}) || f.Pos("mounts.bind", 2) != (Position{}) {
		t.Error("a place for what is not there")
	}
}

func TestNearest(t *testing.T) {
	known := []string{"exec", "root", "mounts", "seccomp"}
	for word, want := range map[string]string{
		"exce": "exec", "mount": "mounts", "secomp": "seccomp", "roots": "root", "xyz": "", "": "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

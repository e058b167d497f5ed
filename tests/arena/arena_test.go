//go:build amd64

package arena

import (
	"strings"
	"testing"
)

// Each thing that is left behind is named.
func TestLeaksAreNamed(t *testing.T) {
	none := counters{mounts: []string{"a"}, files: 7}
	if text := none.difference(none); text != "" {
		t.Errorf("nothing differs, and it says %q", text)
	}
	for want, after := range map[string]counters{
		`mounts: ["+ b"]`:                   {mounts: []string{"a", "b"}, files: 7},
		`mounts: ["- a"]`:                   {files: 7},
		`cgroups: ["+ c"]`:                  {mounts: none.mounts, cgroups: []string{"c"}, files: 7},
		`files in /run: ["+ s"]`:            {mounts: none.mounts, state: []string{"s"}, files: 7},
		`processes: ["+ casemate /proc/9"]`: {mounts: none.mounts, processes: []string{"casemate /proc/9"}, files: 7},
		`loop devices: ["+ l"]`:             {mounts: none.mounts, loops: []string{"l"}, files: 7},
		`open files were 7, are 8`:          {mounts: none.mounts, files: 8},
	} {
		if text := none.difference(after); text != want {
			t.Errorf("got %q, want %q", text, want)
		}
	}
}

// A report is the same whatever the numbers, and another when the confinement is.
func TestAttest(t *testing.T) {
	report := func(mount, caps, ns string) string {
		text, err := Attest(`{"pid": 5, "keyring": 77, "namespaces": {"mnt": "` + ns + `"}, "status": {"CapEff": "` + caps + `", "SigQ": "1/2"},
			"mountinfo": ["` + mount + `"], "fds": [{"fd": 3, "target": "socket:[12]"}]}`)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	a := report("30 20 0:45 / /tmp rw,nosuid shared:7 - tmpfs none rw", "0", "mnt:[1]")
	if b := report("31 21 0:46 / /tmp rw,nosuid - tmpfs none rw", "0", "mnt:[2]"); a != b {
		t.Errorf("numbers make a difference: %s", Difference(a, b))
	}
	for _, b := range []string{
		report("31 21 0:46 / /tmp rw - tmpfs none rw", "0", "mnt:[2]"),
		report("31 21 0:46 / /tmp rw,nosuid - tmpfs none rw", "1", "mnt:[2]"),
	} {
		if a == b || Difference(a, b) == "" {
			t.Errorf("no difference: %s", b)
		}
	}
	if _, err := Attest(`{"pid": `); err == nil {
		t.Error("half a report was taken")
	}
}

func TestSpoken(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "casemate-shim: x\n": true, "casemate-init: y\ncasemate-shim: x\n": true, "sh: x\n": false, "casemate-shim: x\nfatal error: y\n": false,
	} {
		if Spoken(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
	part := Outcome{Code: 248, Stdout: "{\n \"pid\": 5"}
	whole := Outcome{Code: 248, Stdout: "{\n \"pid\": 5\n}\n"}
	if part.Reported() || !whole.Reported() || !(&Outcome{Stdout: "{"}).Reported() || !strings.Contains(whole.String(), "exit 248") {
		t.Error("what is a report and what is a part of one")
	}
}

package verify

import (
	"os"
	"slices"
	"strings"
	"testing"

	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// withHostMounts binds a directory of the host, with a mount of the host's below, and a
// mount of the policy's below that.
func withHostMounts(t *testing.T) *sealed.Policy {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: mounts")
	}
	dir := t.TempDir()
	for _, d := range []string{"/brought", "/own/deeper"} {
		if err := os.MkdirAll(dir+d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mount("tmpfs", dir+"/brought", "tmpfs", 0, "size=4k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(dir+"/brought", unix.MNT_DETACH) })
	p := declared()
	p.Mounts = append(p.Mounts, sealed.Mount{Kind: sealed.Bind, Target: "/data", Source: dir, Recursive: true},
		sealed.Mount{Kind: sealed.Bind, Target: "/data/own", Source: dir + "/own"})
	return p
}

// What a recursive bind brings along must have the bind's flags too.
func TestMountsThatARecursiveBindBrings(t *testing.T) {
	p := withHostMounts(t)
	target := started(t, p, asPlanned)
	if got := unlike(t, target); got != nil {
		t.Errorf("differs in %q", got)
	}
	found, _ := Run(target)
	n := slices.IndexFunc(found.Checks, func(c Check) bool { return c.Name == "mount /data/brought" })
	if n < 0 || found.Checks[n].Got != "ro,nosuid,nodev,noexec" {
		t.Errorf("the mount below is not checked")
	}
}

func TestMountsThatARecursiveBindBringsUnchanged(t *testing.T) {
	p := withHostMounts(t)
	target := started(t, p, func(out *plan.Plan) {
		for i, s := range out.Steps {
			if s.Op == plan.MountSetattr && s.Args[0].Text == "mount:/data" {
				out.Steps[i].Args[2] = plan.Num(unix.AT_EMPTY_PATH)
			}
		}
	})
	if got := unlike(t, target); !slices.Equal(got, []string{"mount /data/brought"}) {
		t.Errorf("differs in %q", got)
	}
}

// Below a mount that takes nothing along there is nothing, whatever lies around it.
func TestMountBelowAMountThatBringsNone(t *testing.T) {
	p := withHostMounts(t)
	got := unlike(t, started(t, p, after(t, `chdir("/")`, tmpfsAt("/data/own/deeper"))))
	if !slices.Equal(got, []string{"mount /data/own/deeper"}) {
		t.Errorf("differs in %q", got)
	}
}

func TestParseMount(t *testing.T) {
	for line, want := range map[string]found{
		"1 2 0:3 / / rw,relatime - ext4 /dev/x rw\n":                                     {1, "/", "rw,relatime", false, "ext4", "rw"},
		"1 2 0:3 / /a\\040b\\134c\\011 ro,nosuid shared:5 - tmpfs none rw":               {1, "/a b\\c\t", "ro,nosuid", true, "tmpfs", "rw"},
		"1 2 0:3 /x /y ro master:5 propagate_from:2 - tmpfs t rw":                        {1, "/y", "ro", true, "tmpfs", "rw"},
		"1 2 0:3 / /u rw unbindable - tmpfs t rw":                                        {1, "/u", "rw", false, "tmpfs", "rw"},
		"1 2 0:3 / /u rw - tmpfs shared:1 rw":                                            {1, "/u", "rw", false, "tmpfs", "rw"},
		"1 2 0:3 / /u rw some:thing - tmpfs t rw,x=-,y":                                  {1, "/u", "rw", false, "tmpfs", "rw,x=-,y"},
		"1 2 0:3 / /u\u00a0ro,nosuid\rx rw - tmpfs  rw,x":                                {1, "/u\u00a0ro,nosuid\rx", "rw", false, "tmpfs", "rw,x"},
		"7 2 0:4 net:[4026531840] /run/netns/x\\012 rw - nsfs nsfs rw":                   {7, "/run/netns/x\n", "rw", false, "nsfs", "rw"},
		"99999999999 2 0:3 / /very/long rw,nosuid,nodev,noexec,relatime - proc - rw,a=b": {99999999999, "/very/long", "rw,nosuid,nodev,noexec,relatime", false, "proc", "rw,a=b"},
	} {
		if got, err := parseMount(line); err != nil || got != want {
			t.Errorf("%q is %+v, %v", line, got, err)
		}
	}
	for _, line := range []string{"", "\n", "1 2 0:3 / /", "1 2 0:3 / / rw", "1 2 0:3 / / rw shared:1", "1 2 0:3 / / rw shared:1 tmpfs x rw", "1 2 0:3 / / rw - tmpfs", "1 2 0:3 / / rw - tmpfs x", "x 2 0:3 / / rw - tmpfs x rw"} {
		if got, err := parseMount(line); err == nil {
			t.Errorf("%q is %+v", line, got)
		}
	}
}

func TestUnescape(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a": "a", "\\040": " ", "\\134\\012": "\\\n", "\\": "\\", "\\0": "\\0", "\\04": "\\04", "\\999": "\\999", "\\777": "\\777", "x\\040": "x ", "\\\\040": "\\ ", "é\\303\\251": "éé",
	} {
		if got := unescape(text); got != want {
			t.Errorf("%q is %q, not %q", text, got, want)
		}
	}
}

func TestFlagsOfAMount(t *testing.T) {
	for _, c := range []struct {
		options, want, got string
		shared             bool
	}{
		{"ro,nosuid,nodev,noexec,relatime", "ro,nosuid", "ro,nosuid", false}, {"rw,nosuid", "ro,nosuid", "nosuid", false},
		{"rw", "ro,nosuid", "", false}, {"rotten,nosuidx", "ro,nosuid", "", false}, {"ro", "ro", "(shared with the host)", true},
	} {
		if got := (found{path: "/x", options: c.options, shared: c.shared}).flags(c.want); got != c.got {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestDifferencesAreInWords(t *testing.T) {
	got := Differences([]Check{{"Uid", status, "1", "1"}, {"CapBnd", status, "0", "ff"}, {"mount /", "mountinfo", "ro", "(absent)"}, {"dumpable", byInit, "0", "1"}})
	want := []string{`CapBnd: the policy wants "0", the kernel says "ff"`, `mount /: the policy wants "ro", the kernel says "(absent)"`, `dumpable: the policy wants "0", init says "1"`}
	if !slices.Equal(got, want) || Differences(nil) != nil {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

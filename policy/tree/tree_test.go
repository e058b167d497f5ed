package tree

import (
	"slices"
	"testing"

	"casemate/internal/sealed"
)

var assembled = &sealed.Policy{
	Root: sealed.Root{Symlinks: []sealed.Symlink{{Path: "/lib", Target: "usr/lib", At: "link"}}, At: "root"},
	Mounts: []sealed.Mount{
		{Kind: sealed.Dev, Target: "/dev", Devices: true, At: "dev"},
		{Kind: sealed.Proc, Target: "/proc", Writable: true, At: "proc"},
		{Kind: sealed.Bind, Target: "/usr", Source: "/usr", Exec: true, Recursive: true, At: "usr"},
		{Kind: sealed.Bind, Target: "/usr/local", Source: "/opt", Writable: true, At: "local"},
		{Kind: sealed.Tmpfs, Target: "/var/lib/x", Writable: true, At: "x"},
		{Kind: sealed.Tmpfs, Target: "/var/ro", At: "ro"},
		{Kind: sealed.Bind, Target: "/var/ro/in", Source: "/srv", At: "in"},
	},
	Devices: []sealed.Device{{Path: "/dev/dri/card0", Major: 226, Access: sealed.AccessRead, At: "card"}},
	Masks: []sealed.Path{
		{Path: "/proc/kcore", Default: true, At: "default"}, {Path: "/sys/firmware", Default: true, At: "default"},
		{Path: "/usr/share", At: "share"},
	},
	ReadOnly: []sealed.Path{{Path: "/proc/sys", Default: true, At: "default"}, {Path: "/usr/local/etc", At: "etc"}},
}

var ofHost = &sealed.Policy{
	Root:   sealed.Root{Path: "/srv/root", Writable: true, At: "root"},
	Mounts: []sealed.Mount{{Kind: sealed.Proc, Target: "/proc", Writable: true, At: "proc"}},
	Masks:  []sealed.Path{{Path: "/etc/ssh", At: "ssh"}, {Path: "/sys/firmware", Default: true, At: "default"}},
}

var ofImage = &sealed.Policy{
	Root:   sealed.Root{Image: sealed.Image{File: "/srv/a.erofs"}, At: "root"},
	Mounts: []sealed.Mount{{Kind: sealed.Tmpfs, Target: "/run", Writable: true, At: "run"}},
	Masks:  []sealed.Path{{Path: "/etc/ssh", At: "ssh"}},
}

func TestAt(t *testing.T) {
	for _, test := range []struct {
		policy   *sealed.Policy
		path     string
		want, at string
	}{
		{ofImage, "/", "image:/srv/a.erofs/ (ro,exec)", "root"},
		{ofImage, "/usr/bin", "image:/srv/a.erofs/usr/bin (ro,exec)", "root"},
		{ofImage, "/run/x", "tmpfs (rw)", "run"},
		{ofImage, "/etc/ssh/key", "masked", "ssh"},
		{assembled, "/", "root (ro)", "root"},
		{assembled, "/etc", "absent", "root"},
		{assembled, "/var/lib", "absent", "root"}, // leads
		{assembled, "/lib", "absent", "link"},
		{assembled, "/lib/x86", "absent", "link"},
		{assembled, "/usr", "host:/usr (ro,exec,recursive)", "usr"},
		{assembled, "/usr/bin/env", "host:/usr/bin/env (ro,exec,recursive)", "usr"},
		{assembled, "/usr/local", "host:/opt (rw)", "local"},
		{assembled, "/usr/local/x", "host:/opt/x (rw)", "local"},
		{assembled, "/usr/localx", "host:/usr/localx (ro,exec,recursive)", "usr"},
		{assembled, "/usr/local/etc/a", "host:/opt/etc/a (ro)", "etc"},
		{assembled, "/usr/share/doc", "masked", "share"},
		{assembled, "/usr/sharex", "host:/usr/sharex (ro,exec,recursive)", "usr"},
		{assembled, "/proc/kcore", "masked", "default"},
		{assembled, "/proc/sys/kernel", "proc (ro)", "default"},
		{assembled, "/proc/self", "proc (rw)", "proc"},
		{assembled, "/sys/firmware", "absent", "root"}, // no sysfs: the mask hides nothing
		{assembled, "/dev/null", "dev (ro,dev)", "dev"},
		{assembled, "/dev/pts/0", "dev (ro,dev)", "dev"},
		{assembled, "/dev/sda", "absent", "dev"},
		{assembled, "/dev/dri/card0", "dev (ro,dev)", "card"},
		{assembled, "/dev/dri", "absent", "dev"}, // leads
		{assembled, "/dev/dri/card1", "absent", "dev"},
		{assembled, "/var/lib/x/y", "tmpfs (rw)", "x"},
		{assembled, "/var/ro", "tmpfs (ro)", "ro"},
		{assembled, "/var/ro/y", "absent", "ro"},
		{assembled, "/var/ro/in/y", "host:/srv/y (ro)", "in"},
		{ofHost, "/", "host:/srv/root (rw,exec)", "root"},
		{ofHost, "/etc", "host:/srv/root/etc (rw,exec)", "root"},
		{ofHost, "/etc/ssh/key", "masked", "ssh"},
		{ofHost, "/sys/firmware", "host:/srv/root/sys/firmware (rw,exec)", "root"},
		{ofHost, "/proc/1", "proc (rw)", "proc"},
	} {
		s := At(test.policy, test.path)
		if s.String() != test.want || s.Decided(test.policy) != test.at {
			t.Errorf("%s: %s by %s, not %s by %s", test.path, s, s.Decided(test.policy), test.want, test.at)
		}
	}
	if !At(assembled, "/var/lib").Leads || !At(assembled, "/dev/dri").Leads || At(assembled, "/dev/dri/card1").Leads || At(assembled, "/etc").Leads {
		t.Error("directories that lead to mounts")
	}
}

// TestKindsHaveNames: a kind of mount that is added to the sealed policy has an origin.
func TestKindsHaveNames(t *testing.T) {
	if len(kindNames) != int(sealed.KindLimit) || slices.Contains(kindNames[:], "") {
		t.Errorf("%q are the names of %d kinds", kindNames, sealed.KindLimit)
	}
}

func TestPoints(t *testing.T) {
	got := Points(assembled, ofHost)
	for _, p := range []string{"/", "/usr/local", "/proc/kcore", "/etc/ssh", "/usr/local/etc"} {
		if !slices.Contains(got, p) {
			t.Errorf("%s is no point", p)
		}
	}
	for i := range got {
		for j := range got[:i] {
			if got[i] == got[j] || Within(got[j], got[i]) {
				t.Errorf("%s comes after %s", got[i], got[j])
			}
		}
	}
}

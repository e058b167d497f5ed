package beneath

import (
	"testing"

	"casemate/internal/sealed"

	"github.com/google/go-cmp/cmp"
)

func mounted() *sealed.Policy {
	p := &sealed.Policy{Mounts: []sealed.Mount{
		{Kind: sealed.Bind, Target: "/usr", Exec: true, At: "usr"}, {Kind: sealed.Tmpfs, Target: "/srv", Writable: true, At: "srv"},
		{Kind: sealed.Bind, Target: "/srv/fixed", At: "fixed"}, {Kind: sealed.Bind, Target: "/srv/tool", Type: sealed.RegularFile, Exec: true, At: "tool"},
		{Kind: sealed.Bind, Target: "/run/socket", Type: sealed.Socket, Writable: true, At: "socket"},
	}}
	p.LSM.Landlock.Files = sealed.FileRights
	s := Set{}
	s.Mounts(p, Stated{})
	p.LSM.Landlock.Beneath = s.Rules()
	return p
}

// A rule says only what no directory above has said; a read-only mount in a writable one can
// be written by Landlock, and not by its mount.
func TestRulesOfMounts(t *testing.T) {
	p := mounted()
	got := map[string]string{}
	for _, b := range p.LSM.Landlock.Beneath {
		got[b.Path+" "+b.At] = Words(b.Allow)
	}
	want := map[string]string{"/ ": "read", "/usr usr": "execute", "/srv srv": "write", "/srv/tool tool": "execute"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for path, want := range map[string]string{
		"/": "read", "/usr/bin": "read, execute", "/usrx": "read", "/srv/fixed": "read, write", "/srv/tool": "read, write, execute", "/run/socket": "read",
	} {
		if got := Words(At(&p.LSM.Landlock, path)); got != want {
			t.Errorf("%s: %s, not %s", path, got, want)
		}
	}
}

func TestFollow(t *testing.T) {
	if !Follow(mounted()) {
		t.Error("the rules of the mounts do not follow from them")
	}
	for name, change := range map[string]func(*sealed.Policy){
		"a rule less":  func(p *sealed.Policy) { p.LSM.Landlock.Beneath = p.LSM.Landlock.Beneath[1:] },
		"a right less": func(p *sealed.Policy) { p.LSM.Landlock.Beneath[0].Allow = sealed.FileRead },
		"a file":       func(p *sealed.Policy) { p.LSM.Landlock.Beneath[1].Type = sealed.RegularFile },
		"another path": func(p *sealed.Policy) { p.LSM.Landlock.Beneath[1].Path = "/srv2" },
		"a mount more": func(p *sealed.Policy) {
			p.Mounts = append(p.Mounts, sealed.Mount{Kind: sealed.Tmpfs, Target: "/t", Writable: true})
		},
		"a root of the host": func(p *sealed.Policy) { p.Root.Path = "/srv/root" },
	} {
		p := mounted()
		if change(p); Follow(p) {
			t.Errorf("%s: follows all the same", name)
		}
	}
}

// Every right has a word, and no two sets have the same words.
func TestWords(t *testing.T) {
	seen := map[string]bool{}
	for bit := uint64(1); bit <= sealed.FileRights; bit <<= 1 {
		w := Words(bit)
		if w == "none" || seen[w] {
			t.Errorf("%#x is %q", bit, w)
		}
		seen[w] = true
	}
	for rights, want := range map[uint64]string{0: "none", Read: "read", sealed.FileRights: "read, write, execute, make_char, make_block, ioctl_dev", sealed.FileRead | sealed.FileIoctl: "read_file, ioctl_dev"} {
		if got := Words(rights); got != want {
			t.Errorf("%#x is %q, not %q", rights, got, want)
		}
	}
	if l := (&sealed.Landlock{}); At(l, "/") != sealed.FileRights {
		t.Error("without a domain something is denied")
	}
}

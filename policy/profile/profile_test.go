package profile

import (
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"casemate/apparmor"
	"casemate/internal/sealed"
	"casemate/policy/tree"

	"golang.org/x/sys/unix"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// allowing is a program that allows one call where its first argument is a value.
func allowing(nr, value uint32) []byte {
	return []byte(program(
		[4]uint32{0x20, 0, 0, 4}, [4]uint32{0x15, 0, 5, sealed.ArchAMD64},
		[4]uint32{0x20, 0, 0, 0}, [4]uint32{0x15, 0, 3, nr},
		[4]uint32{0x20, 0, 0, 16}, [4]uint32{0x15, 0, 1, value},
		[4]uint32{0x06, 0, 0, 0x7fff0000}, [4]uint32{0x06, 0, 0, 0x00050001},
	))
}

func program(ins ...[4]uint32) string {
	var b strings.Builder
	for _, i := range ins {
		b.Write([]byte{byte(i[0]), byte(i[0] >> 8), byte(i[1]), byte(i[2]), byte(i[3]), byte(i[3] >> 8), byte(i[3] >> 16), byte(i[3] >> 24)})
	}
	return b.String()
}

func full() *sealed.Policy {
	return &sealed.Policy{
		Service: "web",
		Mounts: []sealed.Mount{
			{Kind: sealed.Dev, Target: "/dev", Devices: true},
			{Kind: sealed.Tmpfs, Target: "/dev/shm", Writable: true},
			{Kind: sealed.Notify, Target: sealed.NotifyPath, Type: sealed.Socket},
			{Kind: sealed.Proc, Target: "/proc", Writable: true},
			{Kind: sealed.Bind, Target: "/srv", Writable: true},
			{Kind: sealed.Bind, Target: "/srv/bin-1", Exec: true},
			{Kind: sealed.Bind, Target: "/srv/conf", Type: sealed.RegularFile},
			{Kind: sealed.Bind, Target: "/usr", Exec: true},
		},
		Masks:    []sealed.Path{{Path: "/proc/kcore", Default: true}},
		ReadOnly: []sealed.Path{{Path: "/proc/sys", Default: true}},
		Caps:     sealed.Capabilities{Keep: 1<<unix.CAP_NET_BIND_SERVICE | 1<<unix.CAP_KILL},
		Filters:  []sealed.Filter{{Arch: sealed.ArchAMD64, Program: allowing(unix.SYS_SOCKET, unix.AF_NETLINK)}},
		Devices:  []sealed.Device{{Path: "/dev/fuse", Access: sealed.AccessRead}},
		Manager:  sealed.Manager{Sockets: []sealed.Passed{{Name: "http"}}},
	}
}

func TestGolden(t *testing.T) {
	got, err := Text(full())
	if err != nil {
		t.Fatal(err)
	}
	const name = "testdata/web.profile"
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil || got != string(want) {
		t.Errorf("%v; the profile is now\n%s", err, got)
	}
}

// A call that the filter lets through has its family, and no other does.
func TestFamiliesFollowTheFilter(t *testing.T) {
	p := full()
	p.Manager.Sockets = nil
	for _, f := range families {
		p.Filters[0].Program = allowing(unix.SYS_SOCKET, f.number)
		text, err := Text(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range families {
			want := other.number == f.number || other.number == unix.AF_UNIX
			if strings.Contains(text, "network "+other.name+",") != want {
				t.Errorf("with a filter for %s: network %s is wrong", f.name, other.name)
			}
		}
	}
	p.Filters[0].Program = allowing(unix.SYS_PTRACE, 0)
	if text, _ := Text(p); !strings.Contains(text, "ptrace (read, readby, trace, tracedby)") {
		t.Errorf("ptrace is allowed by the filter and not by\n%s", text)
	}
}

// No path of a policy can become a rule of its own.
func TestPathsThatAreNotPlain(t *testing.T) {
	for _, path := range []string{"/a\"b", "/a*", "/a?", "/{a,b}", "/[a]", "/a^", "/a,b", "/a\\", "/a#", "/a\nb", "/ü", "/$a", "/a|b", "/a!", "/a'"} {
		for _, change := range []func(*sealed.Policy){
			func(p *sealed.Policy) { p.Mounts[4].Target = path },
			func(p *sealed.Policy) { p.Masks[0].Path = path },
			func(p *sealed.Policy) { p.ReadOnly[0].Path = path },
		} {
			p := full()
			change(p)
			if text, err := Text(p); err == nil || !strings.Contains(err.Error(), "cannot carry") {
				t.Errorf("%q: %v\n%s", path, err, text)
			}
		}
	}
}

// rule is one of files, as a Go expression: the patterns are those of apparmor.d(5).
type rule struct {
	deny bool
	path *regexp.Regexp
	may  string
}

var fileRule = regexp.MustCompile(`(?m)^  (deny )?"(/[^"]*)" ([rwklmix]+),$`)

func rules(t *testing.T, text string) []rule {
	t.Helper()
	var all []rule
	for _, m := range fileRule.FindAllStringSubmatch(text, -1) {
		all = append(all, rule{m[1] != "", regexp.MustCompile("^" + expression(m[2]) + "$"), m[3]})
	}
	if len(all) < 2 {
		t.Fatalf("only %d rules of files in\n%s", len(all), text)
	}
	return all
}

// expression translates a pattern.
func expression(p string) string {
	var b strings.Builder
	class, depth := false, 0
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case class:
			class = c != ']'
			b.WriteByte(c)
		case c == '[':
			class = true
			b.WriteByte(c)
		case strings.HasPrefix(p[i:], "/**") && i+3 == len(p):
			b.WriteString("/.+")
			i += 2
		case strings.HasPrefix(p[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '{':
			depth++
			b.WriteString("(?:")
		case c == '}':
			depth--
			b.WriteByte(')')
		case c == ',' && depth > 0:
			b.WriteByte('|')
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return b.String()
}

// granted are the letters that a path has: all that allow it, less all that deny it.
func granted(all []rule, path string) string {
	may := map[byte]bool{}
	for _, deny := range []bool{false, true} {
		for _, r := range all {
			if r.deny == deny && r.path.MatchString(path) {
				for i := range len(r.may) {
					may[r.may[i]] = !deny
				}
			}
		}
	}
	s := ""
	for _, c := range []byte("rwx") {
		if may[c] {
			s += string(c)
		}
	}
	return s
}

// TestFilesAreTheTree: at any path the profile allows what policy/tree says of it, for
// random trees of mounts in mounts.
func TestFilesAreTheTree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	names := []string{"a", "ab", "a-b", "b", "b.c", "abc"}
	path := func(depth int) string {
		p := ""
		for range 1 + r.IntN(depth) {
			p += "/" + names[r.IntN(len(names))]
		}
		return p
	}
	differ := map[string]int{}
	for range 300 {
		p := &sealed.Policy{Service: "random", Filters: full().Filters}
		if r.IntN(2) == 0 {
			p.Root.Path = "/host"
		}
		p.Root.Writable = r.IntN(2) == 0
		seen := map[string]bool{}
		for range r.IntN(6) {
			target := path(3)
			if seen[target] {
				continue
			}
			seen[target] = true
			p.Mounts = append(p.Mounts, sealed.Mount{Kind: sealed.Bind, Target: target, Writable: r.IntN(2) == 0, Exec: r.IntN(2) == 0})
		}
		for range r.IntN(3) {
			p.Masks = append(p.Masks, sealed.Path{Path: path(3)})
			p.ReadOnly = append(p.ReadOnly, sealed.Path{Path: path(3)})
		}
		text, err := Text(p)
		if err != nil {
			t.Fatal(err)
		}
		all := rules(t, text)
		for range 60 {
			at := path(4)
			s := tree.At(p, at)
			want := map[tree.Access]string{tree.ReadOnly: "r", tree.Writable: "rw"}[s.Access]
			if s.Exec && want != "" {
				want += "x"
			}
			differ[want]++
			got := granted(all, at)
			if seen[at] { // a directory, whose name AppArmor has with a slash; none is executed
				got, want = strings.TrimSuffix(granted(all, at+"/"), "x"), strings.TrimSuffix(want, "x")
			}
			if got != want && !(s.Leads && got == "") {
				t.Fatalf("%s: the tree says %q (%+v), the profile %q:\n%s", at, want, s, got, text)
			}
		}
	}
	for _, want := range []string{"", "r", "rw", "rx", "rwx"} {
		if differ[want] < 100 {
			t.Errorf("%q was seen %d times", want, differ[want])
		}
	}
}

// The parser of the system takes what is generated, and gives the same bytes twice.
func TestBuild(t *testing.T) {
	first, err := Build(full())
	if errors.Is(err, ErrNoParser) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	second, err := Build(full())
	if err != nil || string(first.Profile.Binaries[0].Bytes) != string(second.Profile.Binaries[0].Bytes) {
		t.Errorf("two builds differ: %v", err)
	}
	if err := apparmor.Check(first.Profile.Binaries[0].Bytes, "casemate-web"); err != nil {
		t.Error(err)
	}
}

func TestNoParser(t *testing.T) {
	if _, err := os.Stat(abiFile); err != nil {
		t.Skip(err)
	}
	was := places
	defer func() { places = was }()
	places = []string{"no-such-parser"}
	if b, err := Build(full()); !errors.Is(err, ErrNoParser) {
		t.Errorf("%v, %v", b, err)
	}
}

// Each of the patterns that mounts in mounts make is one that the parser understands.
func TestParserTakesPatterns(t *testing.T) {
	p := full()
	p.Root = sealed.Root{Path: "/host", Writable: true}
	p.Mounts = append(p.Mounts, sealed.Mount{Kind: sealed.Bind, Target: "/a b/@x=%~+:-_.c", Exec: true}, sealed.Mount{Kind: sealed.Bind, Target: "/a b/-", Exec: true})
	if _, err := Build(p); err != nil && !errors.Is(err, ErrNoParser) {
		t.Error(err)
	}
}

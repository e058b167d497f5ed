package compile

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// extended compiles p.toml with fragment, beside bases.
func extended(t *testing.T, fragment string, bases map[string]string) (string, error) {
	t.Helper()
	files := map[string]string{"p.toml": head + fragment}
	for name, text := range bases {
		files[name] = "policy = 1\n" + text
	}
	p, err := compiled(t, files)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("umask %04o env %v keep %#x ambient %#x at %s", p.Exec.Umask, p.Exec.Env[:len(p.Exec.Env)-1], p.Caps.Keep, p.Caps.Ambient, p.Caps.At), nil
}

// A base adds what it grants; what the policy states is the policy's.
func TestExtends(t *testing.T) {
	a := "exec.umask = \"0022\"\nexec.env = { A = \"a\" }\ncapabilities.keep = [\"KILL\"]\n"
	b := "exec.env = { B = \"b\" }\ncapabilities.keep = [\"LEASE\", \"KILL\"]\ncapabilities.ambient = [\"LEASE\"]\n"
	for _, c := range []struct{ fragment, want string }{
		{`extends = ["./a.toml"]`, "umask 0022 env [A=a] keep 0x20 ambient 0x20 at a.toml:4"},
		{`extends = ["./a.toml", "./b.toml"]`, "umask 0022 env [A=a B=b] keep 0x10000020 ambient 0x10000020 at a.toml:4"},
		{`extends = ["./b.toml", "./a.toml"]`, "umask 0022 env [A=a B=b] keep 0x10000020 ambient 0x10000020 at a.toml:4"},
		{"extends = [\"./a.toml\"]\nexec.umask = \"0077\"\nexec.env.A = \"mine\"\n", "umask 0077 env [A=mine] keep 0x20 ambient 0x20 at a.toml:4"},
		{"extends = [\"./b.toml\"]\ncapabilities.keep = [\"WAKE_ALARM\"]\n", "umask 0027 env [B=b] keep 0x810000020 ambient 0x810000000 at p.toml:6"},
	} {
		got, err := extended(t, c.fragment, map[string]string{"a.toml": a, "b.toml": b})
		if err != nil || got != c.want {
			t.Errorf("%s\ngot  %s %v\nwant %s", c.fragment, got, err, c.want)
		}
	}
}

// Whatever the order of the bases, the sealed policy is the same but for the digest
// of the text.
func TestExtendsOrder(t *testing.T) {
	show := func(list string) string {
		p, err := compiled(t, map[string]string{"p.toml": head + "extends = [" + list + "]\n"})
		if err != nil {
			t.Fatal(err)
		}
		p.Inputs = nil
		return fmt.Sprintf("%+v", p)
	}
	if show(`"base/daemon", "base/tcp-server"`) != show(`"base/tcp-server", "base/daemon"`) {
		t.Error("order matters")
	}
}

func TestExtendsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		fragment string
		bases    map[string]string
		want     string
	}{
		"unknown":            {`extends = ["base/demon"]`, nil, `p.toml:5:12: no such base: "base/demon"; hint: did you mean "base/daemon"?`},
		"without the prefix": {`extends = ["daemon"]`, nil, `p.toml:5:12: not a base: "daemon"; hint: write "base/daemon"`},
		"elsewhere":          {`extends = ["./sub/a.toml"]`, nil, `p.toml:5:12: not a base: "./sub/a.toml"; hint: write "base/NAME", or "./NAME.toml" for a file in this policy's own directory`},
		"upwards":            {`extends = ["../a.toml"]`, nil, `p.toml:5:12: not a base: "../a.toml"; hint: write "base/NAME", or "./NAME.toml" for a file in this policy's own directory`},
		"absolute":           {`extends = ["/etc/a.toml"]`, nil, `p.toml:5:12: not a base: "/etc/a.toml"; hint: write "base/NAME", or "./NAME.toml" for a file in this policy's own directory`},
		"the masks":          {`extends = ["base/masks"]`, nil, `p.toml:5:12: no such base: "base/masks"; hint: there are base/batch, base/daemon, base/interpreter, base/minimal, base/tcp-client, base/tcp-server`},
		"twice":              {`extends = ["base/batch", "base/batch"]`, nil, `p.toml:5:26: listed twice: "base/batch"; hint: it stands first at p.toml:5:12`},
		"missing":            {`extends = ["./a.toml"]`, nil, `p.toml:5:12: the base cannot be read: open a.toml: no such file or directory: "./a.toml"; hint: a base beside the policy is read when the policy is compiled`},
		"itself":             {`extends = ["./p.toml"]`, nil, `p.toml:5:12: extends itself: "./p.toml"; hint: ./p.toml extends ./p.toml`},
		"a circle": {`extends = ["./a.toml"]`, map[string]string{"a.toml": `extends = ["./b.toml"]`, "b.toml": `extends = ["./a.toml"]`},
			`b.toml:2:12: extends itself: "./a.toml"; hint: ./a.toml extends ./b.toml extends ./a.toml`},
		"too deep": {`extends = ["./a.toml"]`, map[string]string{"a.toml": `extends = ["./b.toml"]`, "b.toml": `extends = ["./c.toml"]`, "c.toml": `extends = ["./d.toml"]`, "d.toml": `extends = ["base/minimal"]`},
			`d.toml:2:12: more than 4 bases stand on each other: "base/minimal"; hint: ./p.toml extends ./a.toml extends ./b.toml extends ./c.toml extends ./d.toml`},
		"a base with a service": {`extends = ["./a.toml"]`, map[string]string{"a.toml": `service = "a"`},
			`a.toml:2:1: a base has no service: "a"; hint: only the policy that is compiled names its service`},
		"a fault in a base": {`extends = ["./a.toml"]`, map[string]string{"a.toml": `exec.umaks = "0022"`},
			`a.toml:2:6: unknown key: "umaks"; hint: did you mean "umask"?`},
		"a wrong value in a base": {`extends = ["./a.toml"]`, map[string]string{"a.toml": `exec.umask = "9"`},
			`a.toml:2:14: not a file mode creation mask: "9"; hint: octal: "0027", "077"`},
		"two values": {`extends = ["./b.toml", "./a.toml"]`, map[string]string{"a.toml": `exec.umask = "0022"`, "b.toml": "\nexec.umask = \"0077\""},
			`p.toml:5:11: two bases differ, a.toml:2:14 ("0022") and b.toml:3:14 ("0077"): "exec.umask"; hint: state exec.umask in this file`},
		"two variables": {`extends = ["./a.toml", "./b.toml"]`, map[string]string{"a.toml": `exec.env.A = "1"`, "b.toml": `exec.env.A = "2"`},
			`p.toml:5:11: two bases differ, a.toml:2:14 ("1") and b.toml:2:14 ("2"): "exec.env.A"; hint: state exec.env.A in this file`},
		"two mounts at one place": {`extends = ["./a.toml", "./b.toml"]`, map[string]string{"a.toml": `mounts.tmpfs = [{ at = "/t", size = "1M" }]`, "b.toml": `mounts.tmpfs = [{ at = "/t" }]`},
			`p.toml:5:11: two bases differ, a.toml:2:17 ({at = "/t", size = "1M"}) and b.toml:2:17 ({at = "/t"}): "mounts.tmpfs of /t"; hint: state mounts.tmpfs of /t in this file`},
		"two conditions": {`extends = ["./a.toml", "./b.toml"]`, map[string]string{
			"a.toml": "seccomp.allow = [\"socket\"]\nseccomp.when.socket = \"family == AF_UNIX\"", "b.toml": "seccomp.allow = [\"socket\"]\nseccomp.when.socket = \"family == AF_INET\""},
			`p.toml:5:11: two bases differ, a.toml:3:23 ("family == AF_UNIX") and b.toml:3:23 ("family == AF_INET"): "seccomp.when.socket"; hint: state seccomp.when.socket in this file`},
		"one condition and none": {`extends = ["./a.toml", "base/tcp-server"]`, map[string]string{"a.toml": "seccomp.allow = [\"@unix-socket\"]\nseccomp.when.socket = \"family == AF_UNIX\""},
			`p.toml:5:11: two bases differ, base/tcp-server:7 allows the call without the condition of a.toml:3: "socket"; hint: state seccomp.when.socket in this file`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := extended(t, c.fragment, c.bases)
			if err == nil {
				t.Fatal("accepted")
			}
			if err.Error() != c.want {
				t.Errorf("\ngot  %s\nwant %s", err, c.want)
			}
		})
	}
}

// The policy settles what its bases disagree on.
func TestExtendsRestated(t *testing.T) {
	bases := map[string]string{
		"a.toml": "exec.umask = \"0022\"\nmounts.tmpfs = [{ at = \"/t\", size = \"1M\" }]\nseccomp.allow = [\"socket\"]\nseccomp.when.socket = \"family == AF_UNIX\"\n",
		"b.toml": "exec.umask = \"0077\"\nmounts.tmpfs = [{ at = \"/t\" }]\nseccomp.allow = [\"@net-server\"]\n",
	}
	_, err := extended(t, "extends = [\"./a.toml\", \"./b.toml\"]\nexec.umask = \"0007\"\nmounts.tmpfs = [{ at = \"/t\", size = \"2M\" }]\nseccomp.when.socket = \"family in {AF_UNIX, AF_INET}\"\n", bases)
	if err != nil {
		t.Error(err)
	}
}

// Two bases on the same third one are no conflict.
func TestExtendsDiamond(t *testing.T) {
	_, err := extended(t, `extends = ["./a.toml", "./b.toml"]`, map[string]string{
		"a.toml": `extends = ["./c.toml"]`, "b.toml": `extends = ["./c.toml"]`, "c.toml": `exec.umask = "0022"`,
	})
	if err != nil {
		t.Error(err)
	}
}

// A link would bring a file of the build host into the image's policy.
func TestLinksAreNotFollowed(t *testing.T) {
	if _, err := fragment(t, ""); err != nil {
		t.Fatal(err)
	}
	for old, link := range map[string]string{"p.toml": "q.toml", "passwd": "pw"} {
		if err := os.Symlink(old, link); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Compile("q.toml", Options{}); err == nil || err.Error() != "q.toml: it is a symbolic link; name the file itself" {
		t.Error(err)
	}
	if err := os.WriteFile("r.toml", []byte(head+`exec.user = "www"`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Compile("r.toml", Options{Passwd: "pw"})
	if err == nil || !strings.HasPrefix(err.Error(), `r.toml:5:13: the name cannot be looked up: pw: it is a symbolic link`) {
		t.Error(err)
	}
	if err := os.Symlink("r.toml", "s.toml"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("t.toml", []byte(head+`extends = ["./s.toml"]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Compile("t.toml", Options{}); err == nil || !strings.HasPrefix(err.Error(), "t.toml:5:12: the base cannot be read: s.toml: it is a symbolic link") {
		t.Error(err)
	}
	if _, err := Compile(".", Options{}); err == nil || err.Error() != ".: it is not a regular file" {
		t.Error(err)
	}
}

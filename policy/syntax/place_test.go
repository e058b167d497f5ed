package syntax

import "testing"

func TestResolve(t *testing.T) {
	f, err := Parse("dir/one.toml", []byte("policy = 1\n[exec]\nargv = [\n  \"/x\",\n  \"y\", \"z\",\n]\n[capabilities]\nkeep = [\"KILL\", \"CHOWN\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"one.toml:4": "dir/one.toml:4:3", "one.toml:5": "dir/one.toml:5:3", "dir/one.toml:3": "dir/one.toml:3:1", "one.toml:8": "dir/one.toml:8:1",
		"one.toml:6": "", "two.toml:4": "", "default": "", "": "", "one.toml:x": "", "one.toml": "",
	} {
		if got := f.Resolve(at).String(); got != want {
			t.Errorf("%q: %q, not %q", at, got, want)
		}
	}
	if got := f.PosOf("capabilities.keep", "CHOWN").String(); got != "dir/one.toml:8:17" {
		t.Error(got)
	}
	if p := f.PosOf("capabilities.keep", "LEASE"); p.Line != 0 {
		t.Error(p)
	}
}

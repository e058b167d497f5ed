package facts

import "testing"

func TestPermissive(t *testing.T) {
	for answer, want := range map[string]string{
		"ffffffff ffffffff 0 ffffffff 1 0": "no", "0 ffffffff 0 ffffffff 7 1": "yes", "0 ffffffff 0 ffffffff 7 11": "yes",
		"": "error", "0 ffffffff 0 ffffffff 7": "error", "0 0 0 0 0 0 1": "error", "0 ffffffff 0 ffffffff 7 x": "error",
	} {
		loose, err := permissive(answer)
		got := map[bool]string{true: "yes", false: "no"}[loose]
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: %s, %v, want %s", answer, got, err, want)
		}
	}
}

// What is no selinuxfs is not asked.
func TestAskWithoutSELinux(t *testing.T) {
	if fd, err := openSELinux(); err == nil {
		t.Skipf("needs a host without SELinux, descriptor %d", fd)
	}
	var s SELinux
	if err := s.Ask("u:r:t:s0"); err == nil || s.Domain != "" {
		t.Errorf("%v, %+v", err, s)
	}
}

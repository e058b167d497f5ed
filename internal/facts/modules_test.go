package facts

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Only a profile that enforces confines; a name may hold what looks like a mode.
func TestEnforced(t *testing.T) {
	const text = "web (enforce)\nlogger (complain)\nodd (enforce) (unconfined)\nodd (complain) (enforce)\n/usr/bin/x//y (enforce)\nkilled (kill)\n" +
		"spaced name (enforce)\nnone\n (enforce)\n\nweb2(enforce)\ntail (enforce)"
	want := []string{"web", "odd (complain)", "/usr/bin/x//y", "spaced name", "tail"}
	if d := cmp.Diff(want, enforced(text)); d != "" {
		t.Error(d)
	}
	if got := enforced(""); got != nil {
		t.Errorf("%q", got)
	}
}

func TestOffers(t *testing.T) {
	const list = "nodev\tsysfs\n\text4\nnodev\tselinuxfs\nnodev\tproc"
	for fstype, want := range map[string]bool{"sysfs": true, "ext4": true, "selinuxfs": true, "proc": true, "selinux": false, "nodev": false, "": false} {
		if got := offers(list, fstype); got != want {
			t.Errorf("%q: %v", fstype, got)
		}
	}
}

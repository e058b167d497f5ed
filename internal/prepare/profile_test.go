package prepare

import (
	"errors"
	"strings"
	"testing"

	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// smallest is a profile that says nothing, in the form of apparmor.Check.
func smallest(name string, mode byte) []byte {
	return []byte("\x04\x08\x00profile\x00\x07" + "\x05" + string([]byte{byte(len(name) + 1), 0}) + name + "\x00" +
		"\x04\x06\x00flags\x00\x07\x02\x00\x00\x00\x00\x02" + string([]byte{mode, 0, 0, 0}) + "\x02\x00\x00\x00\x00\x08\x08")
}

// What must not be handed to the kernel is not.
func TestProfileIsLookedAtFirst(t *testing.T) {
	if err := Profile(plan.Profile{}); err != nil {
		t.Errorf("no profile: %v", err)
	}
	for want, b := range map[string][]byte{
		"0 profiles":                 nil,
		`is called "casemate-other"`: smallest("casemate-other", 0),
		"2 profiles":                 append(smallest("casemate-x", 0), smallest("casemate-y", 0)...),
		"not in enforce mode":        smallest("casemate-x", 1),
		"cut short":                  smallest("casemate-x", 0)[:20],
	} {
		if err := Profile(plan.Profile{Name: "casemate-x", Binary: b}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

// A host without AppArmor has nowhere to load to.
func TestProfileWithoutAppArmor(t *testing.T) {
	var st unix.Stat_t
	if err := unix.Lstat(apparmorfs, &st); !errors.Is(err, unix.ENOENT) {
		t.Skip("needs a host without AppArmor")
	}
	err := Profile(plan.Profile{Name: "casemate-x", Binary: smallest("casemate-x", 0)})
	if err == nil || !strings.Contains(err.Error(), "casemate-x") || !strings.Contains(err.Error(), "is securityfs mounted?") {
		t.Error(err)
	}
}

package audit

import (
	"fmt"

	"casemate/internal/landlock"
	"casemate/internal/sealed"
	"casemate/policy/beneath"
	"casemate/policy/prove"

	"golang.org/x/sys/unix"
)

// demanded tells whether no kernel runs the service without rules for files.
func demanded(l *sealed.Landlock) bool { return l.Files != 0 && l.MinABI >= landlock.Least }

func noDomain(v *view) {
	switch l := &v.policy.LSM.Landlock; {
	case l.None():
		v.found(Finding{Subject: "lsm.landlock", At: l.At, Message: "Landlock is off"})
	case l.Files == 0:
		v.found(Finding{Subject: "lsm.landlock", At: l.At, Message: "no rule of Landlock is about files, since the policy allows to mount"})
	}
}

// oldABI looks at what a policy states itself: what follows from its mounts is held by the
// mounts too.
func oldABI(v *view) {
	l := &v.policy.LSM.Landlock
	needs, what := landlock.Needs(0, l.Net, 0), "rules for TCP ports need ABI %d, and min_abi is %d"
	if needs == 0 && narrower(v.policy) {
		needs, what = landlock.Needs(sealed.FileTruncate, 0, 0), "to keep files from being emptied the lists of paths need ABI %d, and min_abi is %d"
	}
	if int(l.MinABI) < needs {
		v.found(Finding{Subject: "lsm.landlock", At: l.At, Message: fmt.Sprintf(what, needs, l.MinABI)})
	}
}

// narrower tells whether the rules forbid to write where a mount is writable.
func narrower(p *sealed.Policy) bool {
	l := &p.LSM.Landlock
	if p.Root.Writable && beneath.At(l, "/")&sealed.FileWrite == 0 {
		return true
	}
	for i := range p.Mounts {
		if m := &p.Mounts[i]; m.Writable && m.Kind != sealed.Dev && beneath.At(l, m.Target)&sealed.FileWrite == 0 {
			return true
		}
	}
	return false
}

// otherTCP: Landlock's rules for ports are about sockets of TCP itself (Linux 6.14, and
// older ones with the fix).
func otherTCP(v *view) {
	l := &v.policy.LSM.Landlock
	if l.Net == 0 {
		return
	}
	if w := v.reach("socket", low(0, internet), low(2, prove.Values(unix.IPPROTO_MPTCP))); w != nil {
		v.found(Finding{Subject: "seccomp.socket", At: v.callAt("socket"), Witness: w, Message: "the filter allows sockets of MPTCP, to which the rules for TCP ports do not apply"})
	}
}

package caps

import "casemate/internal/plan"

// Bits of linux/securebits.h, which x/sys does not carry.
const (
	noRoot               = 1 << 0
	noRootLocked         = 1 << 1
	noSetuidFixupLocked  = 1 << 3
	keepCapsLocked       = 1 << 5
	noAmbientRaise       = 1 << 6
	noAmbientRaiseLocked = 1 << 7
)

// Securebits at the end, all locked (capabilities(7)): uid 0 is not special at an
// execve (NOROOT), no ambient capability can be raised again, a change of user id
// clears the sets as programs expect (NO_SETUID_FIXUP off), and nothing survives it
// by KEEP_CAPS.
const Securebits = noRoot | noRootLocked | noSetuidFixupLocked | keepCapsLocked | noAmbientRaise | noAmbientRaiseLocked

var secureFlags = plan.Names{
	{Bit: noRoot, Name: "NOROOT"}, {Bit: noRootLocked, Name: "NOROOT_LOCKED"},
	{Bit: noSetuidFixupLocked, Name: "NO_SETUID_FIXUP_LOCKED"}, {Bit: keepCapsLocked, Name: "KEEP_CAPS_LOCKED"},
	{Bit: noAmbientRaise, Name: "NO_CAP_AMBIENT_RAISE"}, {Bit: noAmbientRaiseLocked, Name: "NO_CAP_AMBIENT_RAISE_LOCKED"},
}

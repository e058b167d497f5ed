package sealed

// Validate refuses a policy that the lowering could not rely on. Encode and
// Decode both call it, so that a sealed file that opens holds all of this, and a
// lowerer does not check again. It answers for form alone: whether a grant is
// wise was decided when the policy was compiled.
func Validate(p *Policy) error {
	for _, check := range [...]func(*Policy) error{
		validNames, validExec, validRlimits, validRoot, validNamespaces, validMounts, validTree, validOwners,
		validMasks, validCaps, validFilters, validLSM, validLandlock, validLimits, validDevices, validSignals, validManager, validAts,
	} {
		if err := check(p); err != nil {
			return err
		}
	}
	return nil
}

// inputKinds is the closed list of Input.Kind.
var inputKinds = [...]string{"text", "base", "group", "table", "passwd", "compiler", "libseccomp", "apparmor"}

func validNames(p *Policy) error {
	if why := serviceFault(p.Service); why != "" {
		return invalid("", "service %s %s", clip(p.Service), why)
	}
	if len(p.Inputs) > maxInputs {
		return invalid("", "%d inputs", len(p.Inputs))
	}
	for i, in := range p.Inputs {
		if !among(in.Kind, inputKinds[:]) {
			return invalid("", "input %d: no such kind: %s", i, clip(in.Kind))
		}
		if why := lineFault(in.Name, maxLine); why != "" || in.Name == "" {
			return invalid("", "input %d: name %s %s", i, clip(in.Name), orEmpty(why))
		}
		for _, other := range p.Inputs[:i] {
			if in.Kind == other.Kind && in.Name == other.Name {
				return invalid("", "%s %s is an input twice", in.Kind, clip(in.Name))
			}
		}
	}
	return nil
}

func validCaps(p *Policy) error {
	c := &p.Caps
	if c.Keep>>63 != 0 { // the kernel counts far below: 41 in Linux 6.12
		return invalid(c.At, "capabilities: number 63 is none")
	}
	if extra := c.Ambient &^ c.Keep; extra != 0 {
		return invalid(c.At, "capabilities: ambient %#x is not kept", extra)
	}
	return nil
}

// The two signals that nobody can catch, signal(7), and the one by which init
// learns of its children.
const (
	sigKill = 9
	sigChld = 17
	sigStop = 19
	sigMax  = 64
)

// MaxGrace bounds Signals.Grace: a day.
const MaxGrace = 24 * 60 * 60 * 1000

func validSignals(p *Policy) error {
	last := uint8(0)
	for _, f := range p.Signals.Forward {
		if f.From == 0 || f.From > sigMax || f.To > sigMax {
			return invalid("", "signals: %d to %d is out of range", f.From, f.To)
		}
		if f.From == sigKill || f.From == sigStop || f.From == sigChld {
			return invalid("", "signals: %d cannot be forwarded", f.From)
		}
		if f.From <= last {
			return invalid("", "signals: %d is not in ascending order", f.From)
		}
		last = f.From
	}
	if p.Signals.Scope >= ScopeLimit {
		return invalid("", "signals: no such scope: %d", p.Signals.Scope)
	}
	if s := p.Signals.Stop; s == 0 || s > sigMax || s == sigStop {
		return invalid("", "signals: %d stops nothing", s)
	}
	if p.Signals.Grace > MaxGrace {
		return invalid("", "signals: a grace of %d ms", p.Signals.Grace)
	}
	return nil
}

// among says whether s is one of the words.
func among(s string, words []string) bool {
	for _, w := range words {
		if s == w {
			return true
		}
	}
	return false
}

// orEmpty names the fault of a text that has no other.
func orEmpty(why string) string {
	if why == "" {
		return "is empty"
	}
	return why
}

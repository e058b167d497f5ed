package main

import (
	"errors"
	"fmt"
	"strings"

	"casemate/internal/exit"
	"casemate/internal/gate"
	"casemate/internal/plan"
	"casemate/internal/prepare"
	"casemate/internal/verify"
)

// expect writes down what init must have and be made of, while the descriptors that the
// child gets are still here.
func (l *launched) expect() (err error) {
	t := &l.should
	t.Proc, t.Policy, t.Facts, t.Group = l.view.Proc(), l.file.Policy, l.facts, l.group
	if t.Descriptors, err = l.descriptors(); err != nil {
		return err
	}
	if t.Entered, err = l.namespaces(); err != nil {
		return err
	}
	t.Sources = make(map[string]verify.Identity, len(l.plan.Opens))
	for _, o := range l.plan.Opens {
		file, err := verify.Identify(l.fds[o.Slot])
		if err != nil {
			return fmt.Errorf("fstat %s: %w", o.Slot, err)
		}
		if o.Slot == plan.Init {
			t.Init = file
		}
		if o.Slot == plan.Root {
			t.Sources["/"] = file
		}
		if at, isMount := strings.CutPrefix(o.Slot, "mount:"); isMount {
			t.Sources[at] = file
		}
	}
	return nil
}

// verify compares with the kernel, and with what init reports, and refuses any difference.
func (l *launched) verify(report gate.Report) (verify.Result, error) {
	l.should.PID, l.should.Report = l.proc.PID(), report
	found, err := verify.Run(l.should)
	if err != nil {
		return found, exit.Wrap(exit.Unlike, fmt.Errorf("verification: %w", err))
	}
	if d := verify.Differences(found.Checks); len(d) != 0 {
		errs := make([]error, len(d))
		for i := range d {
			errs[i] = errors.New(d[i])
		}
		return found, exit.Wrap(exit.Unlike, fmt.Errorf("verification: %w", errors.Join(errs...)))
	}
	return found, nil
}

// record keeps the receipt in the state directory.
func (l *launched) record(found verify.Result) error {
	return l.state.Write(prepare.Receipt, l.receipt(found).Encode())
}

// receipt of this launch, with what is known of it.
func (l *launched) receipt(found verify.Result) *verify.Receipt {
	r := &verify.Receipt{
		Version: verify.ReceiptVersion, Service: l.plan.Service, Policy: fmt.Sprintf("%x", l.file.Digest), Kernel: l.plan.Kernel,
		Shim: version, Filter: l.plan.Filter, Lacks: l.plan.Lacks, Unread: found.Unread, Checks: found.Checks,
	}
	if !l.released.IsZero() {
		r.PID, r.Verified = l.proc.PID(), l.released.UTC()
	}
	if l.file.Signed {
		r.Signer = fmt.Sprintf("%x", l.file.KeyID)
	}
	return r
}

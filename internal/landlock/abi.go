// Package landlock lowers the Landlock domain of a policy to steps: the one room where a
// process gives up rights to files, TCP ports, abstract sockets and signals by itself.
//
// What a kernel cannot deny is left out, and said: where the policy demands an ABI as a
// lack that ends the launch, else as one that the receipt keeps. Nothing is guessed from a
// version number; the ABI comes with the facts.
//
// Pure: it imports sealed, facts, plan and mount, and x/sys/unix for its constants.
package landlock

import (
	"fmt"
	"strings"

	"casemate/internal/facts"
	"casemate/internal/sealed"
)

// Least is the oldest ABI that is used (Linux 5.19). ABI 1 forbids every rename and link
// from one directory to another, which no rule of it can allow again.
const Least = 2

// features are what newer ABIs than Least can deny, landlock(7). Rights that are not
// listed here are of ABI 1.
var features = [...]struct {
	abi                int
	files, net, scoped uint64
	log                bool
	what, linux        string
}{
	{abi: 3, files: sealed.FileTruncate, what: "truncating files", linux: "6.2"},
	{abi: 4, net: sealed.PortRights, what: "TCP ports", linux: "6.7"},
	{abi: 5, files: sealed.FileIoctl, what: "ioctl on devices", linux: "6.10"},
	{abi: 6, scoped: sealed.ScopeRights, what: "abstract sockets and signals", linux: "6.12"},
	{abi: 7, log: true, what: "the audit log", linux: "6.15"},
}

// At is the domain as a kernel of an ABI can make it, without its rules, and in words what
// that leaves out.
func At(l *sealed.Landlock, abi int) (d sealed.Landlock, lost []string) {
	if l.None() || abi < Least {
		return sealed.Landlock{}, nil
	}
	d = sealed.Landlock{Files: l.Files, Net: l.Net, Scoped: l.Scoped, Log: l.Log, At: l.At}
	for _, f := range &features {
		if f.abi <= abi {
			continue
		}
		if d.Files&f.files|d.Net&f.net|d.Scoped&f.scoped != 0 || d.Log && f.log {
			lost = append(lost, f.what)
		}
		d.Files, d.Net, d.Scoped, d.Log = d.Files&^f.files, d.Net&^f.net, d.Scoped&^f.scoped, d.Log && !f.log
	}
	return d, lost
}

// Needs is the ABI from which on a kernel can deny all this; 0 for nothing.
func Needs(files, net, scoped uint64) int {
	if files|net|scoped == 0 {
		return 0
	}
	abi := Least
	for _, f := range &features {
		if files&f.files|net&f.net|scoped&f.scoped != 0 {
			abi = f.abi
		}
	}
	return abi
}

// Lack compares with the host: what must be there and is not, or what the policy only
// prefers; "" for neither.
func Lack(p *sealed.Policy, f *facts.Facts) (must, prefer string) {
	l := &p.LSM.Landlock
	if l.None() {
		return "", ""
	}
	if int(l.MinABI) > f.Landlock {
		return fmt.Sprintf("%s: Landlock %s, and %d is demanded (Linux %s)", l.At, have(f.Landlock), l.MinABI, linux(int(l.MinABI))), ""
	}
	if f.Landlock < Least {
		return "", fmt.Sprintf("%s: Landlock %s, %d is the least that is used (Linux 5.19)", l.At, have(f.Landlock), Least)
	}
	if _, lost := At(l, f.Landlock); len(lost) != 0 {
		return "", fmt.Sprintf("%s: Landlock %s, which does not know of %s", l.At, have(f.Landlock), strings.Join(lost, ", "))
	}
	return "", ""
}

func have(abi int) string {
	if abi == 0 {
		return "is not there (CONFIG_SECURITY_LANDLOCK, lsm=landlock)"
	}
	return fmt.Sprintf("has ABI %d", abi)
}

func linux(abi int) string {
	for _, f := range &features {
		if f.abi == abi {
			return f.linux
		}
	}
	return "5.19"
}

package profile

import (
	"fmt"
	"strings"

	"casemate/apparmor"
	"casemate/internal/caps"
	"casemate/internal/sealed"
	"casemate/policy/filter"
	"casemate/policy/prove"

	"golang.org/x/sys/unix"
)

// capabilities are those of the bounding set: no more can ever be held.
func (w *writer) capabilities() error {
	w.blank()
	w.note("Capabilities of the bounding set.")
	for n := range 64 {
		if w.policy.Caps.Keep>>n&1 == 1 {
			w.line("capability %s,", strings.ToLower(strings.TrimPrefix(caps.Name(n), "CAP_")))
		}
	}
	return nil
}

// families are those that the pinned abi has words for.
var families = []struct {
	number uint32
	name   string
}{
	{unix.AF_UNIX, "unix"}, {unix.AF_INET, "inet"}, {unix.AF_AX25, "ax25"}, {unix.AF_IPX, "ipx"}, {unix.AF_APPLETALK, "appletalk"},
	{unix.AF_NETROM, "netrom"}, {unix.AF_BRIDGE, "bridge"}, {unix.AF_ATMPVC, "atmpvc"}, {unix.AF_X25, "x25"}, {unix.AF_INET6, "inet6"},
	{unix.AF_ROSE, "rose"}, {unix.AF_NETBEUI, "netbeui"}, {unix.AF_SECURITY, "security"}, {unix.AF_KEY, "key"},
	{unix.AF_NETLINK, "netlink"}, {unix.AF_PACKET, "packet"}, {unix.AF_ASH, "ash"}, {unix.AF_ECONET, "econet"}, {unix.AF_ATMSVC, "atmsvc"},
	{unix.AF_RDS, "rds"}, {unix.AF_SNA, "sna"}, {unix.AF_IRDA, "irda"}, {unix.AF_PPPOX, "pppox"}, {unix.AF_WANPIPE, "wanpipe"},
	{unix.AF_LLC, "llc"}, {unix.AF_IB, "ib"}, {unix.AF_MPLS, "mpls"}, {unix.AF_CAN, "can"}, {unix.AF_TIPC, "tipc"},
	{unix.AF_BLUETOOTH, "bluetooth"}, {unix.AF_IUCV, "iucv"}, {unix.AF_RXRPC, "rxrpc"}, {unix.AF_ISDN, "isdn"}, {unix.AF_PHONET, "phonet"},
	{unix.AF_IEEE802154, "ieee802154"}, {unix.AF_CAIF, "caif"}, {unix.AF_ALG, "alg"}, {unix.AF_NFC, "nfc"}, {unix.AF_VSOCK, "vsock"},
	{unix.AF_KCM, "kcm"}, {unix.AF_QIPCRTR, "qipcrtr"}, {unix.AF_SMC, "smc"}, {unix.AF_XDP, "xdp"},
}

// network allows the families of the sockets that the filters let the workload make, of
// those that it is given, and of those that init has.
func (w *writer) network() error {
	made, err := w.reachable("socket", "socketpair")
	if err != nil {
		return err
	}
	given := prove.Values(unix.AF_UNIX) // the gate, standard streams to a journal, NOTIFY_SOCKET
	if len(w.policy.Manager.Sockets) > 0 {
		given = prove.Values(unix.AF_UNIX, unix.AF_INET, unix.AF_INET6)
	}
	w.blank()
	w.note("Families of sockets that the filter allows, and that the workload is given.")
	for _, f := range families {
		if made.Or(given).Contains(f.number) {
			w.line("network %s,", f.name)
		}
	}
	return nil
}

func (w *writer) reachable(names ...string) (prove.Set, error) { return Reachable(w.policy, names...) }

// Reachable gives the values of the first argument with which one of the calls is
// allowed, on any architecture.
func Reachable(p *sealed.Policy, names ...string) (prove.Set, error) {
	var all prove.Set
	for _, f := range p.Filters {
		program, err := prove.Parse(f.Program)
		if err != nil {
			return all, fmt.Errorf("the filter cannot be read: %w", err)
		}
		for _, arch := range filter.Arches() {
			for _, name := range names {
				nr, ok := filter.Number(arch, name)
				if !ok || arch.AuditArch() != f.Arch {
					continue
				}
				err := program.Walk(prove.Of(arch, uint32(nr)), func(b prove.Box, a filter.Action) bool {
					if allows(a) {
						all = all.Or(b[prove.ArgLow(0)])
					}
					return true
				})
				if err != nil {
					return all, fmt.Errorf("the filter cannot be read: %w", err)
				}
			}
		}
	}
	return all, nil
}

func allows(a filter.Action) bool {
	kind := uint32(a) & unix.SECCOMP_RET_ACTION_FULL
	return kind == unix.SECCOMP_RET_ALLOW || kind == unix.SECCOMP_RET_LOG
}

// signals pass between the processes of the container, and come from the host: from the
// service manager and a shim that nothing confines, and from one that its own profile
// does. Then init has both labels (apparmor.Expected), and since Linux 6.17 a rule has to
// name them together as its peer.
func (w *writer) signals() error {
	w.blank()
	w.note("Signals: among themselves, and from the shim and the service manager.")
	for _, peer := range w.peers() {
		w.line("signal (send, receive) peer=%q,", peer)
	}
	w.line("signal (receive) peer=%q,", apparmor.Unconfined)
	w.line("signal (receive) peer=%q,", apparmor.ShimProfile)
	return nil
}

// peers are the labels that processes of the container can have.
func (w *writer) peers() []string {
	return []string{w.name, apparmor.Stacked(w.name, apparmor.ShimProfile)}
}

// ptrace is for /proc/PID of one another; attaching only where the filter allows it.
func (w *writer) ptrace() error {
	access := "read, readby"
	for _, call := range []string{"ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd"} {
		values, err := w.reachable(call)
		if err != nil {
			return err
		}
		if !values.Empty() {
			access = "read, readby, trace, tracedby"
		}
	}
	w.blank()
	w.note("What /proc says of one another; and the shim, which verifies.")
	for _, peer := range w.peers() {
		w.line("ptrace (%s) peer=%q,", access, peer)
	}
	w.line("ptrace (readby, tracedby) peer=%q,", apparmor.ShimProfile) // its filter, internal/verify
	return nil
}

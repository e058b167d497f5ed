package launch

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"casemate/internal/facts"
	"casemate/internal/mount"
	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// resolvedSafely: the child resolves five fixed names of "/" and ".", and for the rest
// only what is beneath a descriptor; everything it opens closes at the exec.
func resolvedSafely(p *plan.Plan) error {
	for i, s := range p.Steps {
		switch s.Op {
		case plan.Openat2:
			flags, resolve := binary.NativeEndian.Uint64(s.Args[2].Data), binary.NativeEndian.Uint64(s.Args[2].Data[16:])
			must := uint64(unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_XDEV)
			if s.Row == "label" || s.Row == "keyring" || s.Row == "memfd" { // "self" is a symbolic link of procfs
				must &^= unix.RESOLVE_NO_SYMLINKS
			}
			if s.Row == "landlock rules" { // through the mounts of the complete tree
				must &^= unix.RESOLVE_NO_XDEV
			}
			root := s.Save == "anchor" || s.Save == "top"
			if root {
				must = unix.RESOLVE_NO_SYMLINKS
			}
			if flags&unix.O_CLOEXEC == 0 || resolve&must != must || s.Args[0].Kind != plan.KindSlot && !root {
				return fmt.Errorf("step %d: %s", i, s)
			}
		case plan.Mkdirat, plan.Mknodat:
			if strings.HasPrefix(s.Args[1].Text, "/") || strings.Contains(s.Args[1].Text, "..") {
				return fmt.Errorf("step %d: %s", i, s)
			}
		case plan.Symlinkat:
			if strings.HasPrefix(s.Args[2].Text, "/") {
				return fmt.Errorf("step %d: %s", i, s)
			}
		case plan.Chdir, plan.Umount2, plan.Mount, plan.PivotRoot:
			for _, a := range s.Args {
				if a.Kind == plan.KindString && a.Text != "/" && a.Text != "." {
					return fmt.Errorf("step %d: %s", i, s)
				}
			}
		}
	}
	return nil
}

// boundingSet: every capability up to the kernel's last one that is not kept is dropped.
func boundingSet(p *plan.Plan, policy *sealed.Policy, f *facts.Facts) error {
	want := ^policy.Caps.Keep & (^uint64(0) >> (63 - f.CapLast))
	var got uint64
	for _, n := range prctls(p, unix.PR_CAPBSET_DROP) {
		got |= 1 << p.Steps[n].Args[1].Int
	}
	if got != want {
		return fmt.Errorf("drops %#x, not %#x", got, want)
	}
	return nil
}

// treeAsExpected: what the steps build is what the verification will look for.
func treeAsExpected(p *plan.Plan, policy *sealed.Policy, f *facts.Facts) error {
	s, err := simulate(p)
	if err != nil {
		return err
	}
	if s.mask {
		return fmt.Errorf("the file system of the masks stays over the root")
	}
	for _, want := range mount.Expected(policy, f) {
		m := s.tree[want.Path]
		if m == nil {
			return fmt.Errorf("%s is not mounted", want.Path)
		}
		for word := range strings.SplitSeq(want.Flags, ",") {
			if bit := attributeBits[word]; m.attrs&bit == 0 {
				return fmt.Errorf("%s is not %s", want.Path, word)
			}
		}
		if m.attrs&unix.MOUNT_ATTR_NOSUID == 0 {
			return fmt.Errorf("%s is not nosuid", want.Path)
		}
		if m.copies != want.Copies {
			return fmt.Errorf("%s shows %d times more, not %d", want.Path, m.copies, want.Copies)
		}
		delete(s.tree, want.Path)
	}
	for path := range s.tree {
		return fmt.Errorf("%s is mounted and not expected", path)
	}
	return nil
}

var attributeBits = map[string]uint64{
	"ro": unix.MOUNT_ATTR_RDONLY, "nosuid": unix.MOUNT_ATTR_NOSUID, "nodev": unix.MOUNT_ATTR_NODEV, "noexec": unix.MOUNT_ATTR_NOEXEC,
	"idmapped": unix.MOUNT_ATTR_IDMAP,
}

// labelsOfActiveModules: written when the host has the module and the profile, through
// a procfs of the plan's own, and to the module's own file.
func labelsOfActiveModules(p *plan.Plan, policy *sealed.Policy, f *facts.Facts) error {
	var want []string
	if policy.LSM.SELinux.Text != "" && f.SELinux.Enabled && f.Keyrings {
		want = append(want, "thread-self/attr/keycreate")
	}
	if policy.Exec.Memory.MemFD == sealed.MemFDNoExec && f.Process.MemFDNoExec {
		want = append(want, "sys/vm/memfd_noexec")
	}
	if policy.Exec.SetOOM {
		want = append(want, "self/oom_score_adj")
	}
	if policy.LSM.AppArmor.Text != "" && f.AppArmor.Enabled {
		want = append(want, "thread-self/attr/apparmor/exec")
	}
	if policy.LSM.SELinux.Text != "" && f.SELinux.Enabled {
		want = append(want, "thread-self/attr/exec")
	}
	var got []string
	for _, n := range ops(p, plan.Write) {
		got = append(got, p.Steps[n-1].Args[1].Text)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("writes %q, not %q", got, want)
	}
	return nil
}

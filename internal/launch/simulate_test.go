package launch

import (
	"encoding/binary"
	"fmt"
	"strings"

	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// simulation follows the steps of a plan and keeps what each slot holds and what the
// mount tree has become: the kernel's part, as far as the invariants need it.
type simulation struct {
	slots map[string]*object
	tree  map[string]*mounted // by path in the new root
	mask  bool                // the masks' tmpfs lies over the root
}

// object is what a slot holds.
type object struct {
	path  string   // where it is in the new root; "?" while it is nowhere
	mount *mounted // the mount that it is, or lies in
	top   bool     // it is the mount itself

	recursive bool // the mounts below came along
	copied    bool // those of this plan
}

// mounted is a mount and its attributes.
type mounted struct {
	attrs   uint64
	private bool
	copies  int // shows once more below so many read-only copies
}

const nowhere = "?"

// simulate runs the whole plan; given are the slots that the parent fills.
func simulate(p *plan.Plan) (*simulation, error) {
	s := &simulation{slots: map[string]*object{plan.Report: {path: nowhere}}, tree: map[string]*mounted{}}
	for _, o := range p.Opens {
		m := &mounted{}
		if o.IDMap {
			m.attrs = unix.MOUNT_ATTR_IDMAP
		}
		s.slots[o.Slot] = &object{path: nowhere, mount: m, top: true, recursive: o.Kind == plan.Recursive}
	}
	for i, step := range p.Steps {
		if err := s.step(step); err != nil {
			return nil, fmt.Errorf("step %d, %s: %w", i, step, err)
		}
	}
	return s, nil
}

func (s *simulation) step(step plan.Step) error {
	a := step.Args
	var result *object
	switch step.Op {
	case plan.Openat2:
		result = s.open(a[0], a[1].Text)
	case plan.OpenTree:
		from := s.slots[a[0].Text]
		m := *from.mount
		m.copies = 0
		result = &object{path: nowhere, mount: &m, top: true, recursive: a[2].Int&unix.AT_RECURSIVE != 0, copied: a[2].Int&unix.AT_RECURSIVE != 0}
	case plan.Fsmount:
		result = &object{path: nowhere, mount: &mounted{attrs: a[2].Int, private: true}, top: true}
	case plan.MountSetattr:
		o := s.slots[a[0].Text]
		if o.recursive && a[2].Int&unix.AT_RECURSIVE == 0 {
			return fmt.Errorf("the mounts below %s are left as they are", a[0].Text)
		}
		m := o.mount
		m.attrs |= binary.NativeEndian.Uint64(a[3].Data)
		m.private = m.private || binary.NativeEndian.Uint64(a[3].Data[16:]) == unix.MS_PRIVATE
	case plan.MoveMount:
		return s.attach(a[0].Text, a[2].Text)
	case plan.Umount2:
		s.mask = false
	default:
		result = &object{path: nowhere}
	}
	if step.Save != "" {
		if result == nil {
			return fmt.Errorf("nothing to save")
		}
		s.slots[step.Save] = result
	}
	return nil
}

func (s *simulation) open(dir plan.Arg, path string) *object {
	if dir.Kind != plan.KindSlot {
		return &object{path: "/"} // the anchor
	}
	in := s.slots[dir.Text]
	return &object{path: strings.TrimSuffix(in.path, "/") + "/" + path, mount: in.mount}
}

func (s *simulation) attach(slot, point string) error {
	o, at := s.slots[slot], s.slots[point]
	switch {
	case !o.top || o.mount == nil:
		return fmt.Errorf("%s is no detached mount", slot)
	case strings.HasPrefix(at.path, nowhere):
		return fmt.Errorf("%s is no mount point", point)
	case !o.mount.private:
		return fmt.Errorf("%s could propagate", slot)
	}
	if at.path == "/" && len(s.tree) != 0 {
		s.mask = true
		return nil // the masks' tmpfs, for a while
	}
	if _, twice := s.tree[at.path]; twice {
		return fmt.Errorf("a second mount at %s", at.path)
	}
	if o.copied {
		for path, m := range s.tree {
			if strings.HasPrefix(path, at.path+"/") {
				m.copies++
			}
		}
	}
	o.path = at.path
	s.tree[at.path] = o.mount
	return nil
}

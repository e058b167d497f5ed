package plan

import (
	"fmt"
	"io"
	"strings"
)

// Print writes the plan for a person: what the parent prepares, then the child's
// steps in order under the rows of the order table, each with the line of the
// policy that asks for it. The text is stable: golden files hold it.
func Print(w io.Writer, p *Plan, reasons map[string]string) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "launch of %s on %s\n", p.Service, p.Kernel)
	for _, l := range p.Lacks {
		fmt.Fprintf(b, "the host lacks: %s\n", l)
	}
	b.WriteString("\nparent\n")
	if f := p.Profile; f.Name != "" {
		line(b, "profile", fmt.Sprintf("%s for AppArmor, %d bytes of abi %s", f.Name, len(f.Binary), f.ABI), f.At)
	}
	p.Cgroup.print(b)
	p.Holder.print(b)
	for _, o := range p.Opens {
		line(b, "open", fmt.Sprintf("%s: %s", o.Slot, o.describe()), o.At)
	}
	line(b, "clone3", p.Clone.String()+"|CLONE_INTO_CGROUP|CLONE_PIDFD|CLONE_CLEAR_SIGHAND", "")
	b.WriteString("\nchild\n")
	row := ""
	for i, s := range p.Steps {
		if s.Row != row {
			row = s.Row
			fmt.Fprintf(b, "  %s - %s\n", row, reasons[row])
		}
		line(b, fmt.Sprintf("%5d", i), s.String(), s.At)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (c Cgroup) print(b *strings.Builder) {
	text := c.Name
	if len(c.Controllers) != 0 {
		text += " with " + strings.Join(c.Controllers, ", ")
	}
	line(b, "cgroup", text, "")
	for _, f := range c.Files {
		line(b, "write", fmt.Sprintf("%s/%s = %q", c.Name, f.Name, f.Value), f.At)
	}
	if len(c.Devices) != 0 {
		line(b, "bpf", fmt.Sprintf("BPF_PROG_ATTACH, %s, BPF_CGROUP_DEVICE, {%d instructions}", c.Name, len(c.Devices)/8), c.DevicesAt)
	}
}

func (h Holder) print(b *strings.Builder) {
	for i, s := range h.Steps {
		line(b, "holder", fmt.Sprintf("%d %s", i, s), s.At)
	}
	for _, f := range h.Files {
		line(b, "write", fmt.Sprintf("/proc/HOLDER/%s = %q", f.Name, f.Value), f.At)
	}
}

func (o Open) describe() string {
	mapped := ""
	if o.IDMap {
		mapped = ", its owners mapped to the user namespace"
	}
	switch o.Kind {
	case Tree:
		return fmt.Sprintf("a detached copy of %s %s%s", o.Type, o.Path, mapped)
	case Recursive:
		return fmt.Sprintf("a detached copy of %s %s and the mounts below%s", o.Type, o.Path, mapped)
	case Image:
		text := "a detached mount of the image " + o.Path
		if o.Verity.Tree != "" {
			text += fmt.Sprintf(", verified by the hash tree %s with the root %x", o.Verity.Tree, o.Verity.Hash)
		}
		return text + mapped
	case Namespace:
		return fmt.Sprintf("/proc/HOLDER/ns/%s", o.Path)
	case Join:
		return fmt.Sprintf("the network namespace %s", o.Path)
	case Listen:
		return fmt.Sprintf("descriptor %d of the service manager's, %s", 3+o.N, o.Path)
	}
	return o.Path
}

// String prints the step as a call.
func (s Step) String() string {
	args := make([]string, len(s.Args))
	for i, a := range s.Args {
		args[i] = a.String()
	}
	text := fmt.Sprintf("%s(%s)", s.Op, strings.Join(args, ", "))
	if s.Save != "" {
		text += " -> " + s.Save
	}
	if s.Tolerate != "" {
		text += " or " + s.Tolerate
	}
	if s.Must != "" {
		text += " must be " + s.Must
	}
	return text
}

// line writes one line with the origin far right.
func line(b *strings.Builder, head, text, at string) {
	s := fmt.Sprintf("  %-7s %s", head, text)
	if at != "" {
		s = fmt.Sprintf("%-100s ; %s", s, at)
	}
	b.WriteString(s + "\n")
}

package main

import (
	"fmt"
	"strings"
	"time"

	"casemate/internal/caps"
	"casemate/internal/sealed"
	"casemate/policy/syntax"

	"golang.org/x/sys/unix"
)

// view is a sealed policy in words, for people and for scripts.
type view struct {
	Service      string     `json:"service"`
	Digest       string     `json:"digest"`
	KeyID        string     `json:"key_id,omitempty"` // of the signer, as the file claims
	Argv         []string   `json:"argv"`
	Env          []string   `json:"env"`
	Cwd          string     `json:"cwd"`
	UID          uint32     `json:"uid"`
	GID          uint32     `json:"gid"`
	Groups       []uint32   `json:"groups"`
	Umask        string     `json:"umask"`
	OOMScore     *int32     `json:"oom_score_adj,omitempty"`
	TTY          bool       `json:"tty,omitempty"`
	Process      []string   `json:"process,omitempty"` // what it gives up for itself
	Rlimits      []row      `json:"rlimits"`
	Root         string     `json:"root"`                 // a path of the host, or "assembled"
	RootImage    *imageView `json:"root_image,omitempty"` // Root is a file system image
	RootWritable bool       `json:"root_writable"`
	RootIDMap    bool       `json:"root_idmap,omitempty"`
	Symlinks     []row      `json:"symlinks"`
	New          []string   `json:"namespaces_new"`
	Shared       []string   `json:"namespaces_shared"`
	IDMaps       []row      `json:"id_maps,omitempty"` // of a user namespace: "uid" or "gid", "inside outside count"
	Clocks       []row      `json:"clocks,omitempty"`  // offsets of a time namespace, in seconds and nanoseconds
	Network      string     `json:"network_joined,omitempty"`
	Hostname     string     `json:"hostname,omitempty"`
	Mounts       []mountRow `json:"mounts"`
	Masked       []row      `json:"masked"`
	Readonly     []row      `json:"readonly"`
	Keep         string     `json:"capabilities_keep"`
	Ambient      string     `json:"capabilities_ambient"`
	Filters      []row      `json:"filters"`
	Labels       []row      `json:"labels"`
	Landlock     []row      `json:"landlock"`
	Cgroup       []row      `json:"cgroup"`
	Devices      []row      `json:"devices,omitempty"`
	Signals      []row      `json:"signals_forward"`
	Scope        string     `json:"signals_scope"`
	Stop         string     `json:"signals_stop"`
	Grace        string     `json:"signals_grace"`
	Ready        string     `json:"manager_ready"`
	Watchdog     bool       `json:"manager_watchdog"`
	Sockets      []row      `json:"manager_pass_fds"`
	Credentials  []row      `json:"manager_credentials"`
	Inputs       []row      `json:"inputs"`
}

// row is a name, its value and where the policy says so.
type row struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
	At    string `json:"at,omitempty"`
}

// imageView is what an image is verified by; empty strings for nothing.
type imageView struct {
	Verity string `json:"verity"`
	Hash   string `json:"root_hash"`
}

// String words it for a person.
func (i *imageView) String() string {
	switch {
	case i == nil:
		return ""
	case i.Verity == "":
		return " (an image, not verified)"
	}
	return fmt.Sprintf(" (an image, verified by %s with the root %s)", i.Verity, i.Hash)
}

// mountRow is one mount.
type mountRow struct {
	Target string `json:"target"`
	Kind   string `json:"kind"`
	Source string `json:"source,omitempty"`
	Flags  string `json:"flags"`
	Bounds string `json:"bounds,omitempty"`
	At     string `json:"at"`
}

// newView puts a sealed policy into words.
func newView(f *sealed.File) *view {
	p := f.Policy
	v := &view{
		Service: p.Service, Digest: fmt.Sprintf("sha256:%x", f.Digest),
		Argv: p.Exec.Argv, Env: p.Exec.Env, Cwd: p.Exec.Cwd, UID: p.Exec.UID, GID: p.Exec.GID, Groups: p.Exec.Groups,
		Umask: fmt.Sprintf("%04o", p.Exec.Umask), Root: "assembled", RootWritable: p.Root.Writable, RootIDMap: p.Root.IDMap,
		Hostname: p.Namespaces.Hostname, Keep: capText(p.Caps.Keep), Ambient: capText(p.Caps.Ambient),
		Scope: [...]string{"main", "group", "all"}[p.Signals.Scope],
		Stop:  syntax.SignalName(p.Signals.Stop), Grace: (time.Duration(p.Signals.Grace) * time.Millisecond).String(),
		Ready: [...]string{"exec", "notify"}[p.Manager.Ready], Watchdog: p.Manager.Watchdog,
	}
	if f.Signed {
		v.KeyID = fmt.Sprintf("%x", f.KeyID)
	}
	v.TTY = p.Exec.TTY
	v.Process = processWords(&p.Exec)
	if p.Exec.SetOOM {
		v.OOMScore = &p.Exec.OOMScore
	}
	if p.Root.Path != "" {
		v.Root = p.Root.Path
	}
	if i := &p.Root.Image; i.File != "" {
		v.Root = i.File
		v.RootImage = &imageView{Verity: i.Verity}
		if i.Verity != "" {
			v.RootImage.Hash = fmt.Sprintf("%x", i.Hash)
		}
	}
	v.namespaces(p)
	v.rows(p)
	v.Landlock = landlockRows(p)
	for i := range p.Mounts {
		v.Mounts = append(v.Mounts, newMountRow(&p.Mounts[i]))
	}
	return v
}

// processWords are the keys of [exec] that take something from the process itself.
func processWords(e *sealed.Exec) (words []string) {
	for _, w := range []struct {
		on   bool
		word string
	}{
		{e.Memory.MDWE, "mdwe"}, {e.Memory.MemFD == sealed.MemFDNoExec, "memfds not executed"}, {e.Core, "core_scheduling"},
		{e.Spec&sealed.SpecStoreBypass != 0, "no_speculation store-bypass"}, {e.Spec&sealed.SpecIndirectBranch != 0, "no_speculation indirect-branch"},
	} {
		if w.on {
			words = append(words, w.word)
		}
	}
	return words
}

func capText(mask uint64) string {
	if mask == 0 {
		return "none"
	}
	return caps.Text(mask)
}

func (v *view) namespaces(p *sealed.Policy) {
	for _, n := range []struct {
		name string
		flag uint64
	}{
		{"cgroup", unix.CLONE_NEWCGROUP}, {"ipc", unix.CLONE_NEWIPC}, {"mount", unix.CLONE_NEWNS},
		{"net", unix.CLONE_NEWNET}, {"pid", unix.CLONE_NEWPID}, {"uts", unix.CLONE_NEWUTS},
	} {
		switch {
		case p.Namespaces.New&n.flag != 0:
			v.New = append(v.New, n.name)
		case n.flag != unix.CLONE_NEWNET || p.Namespaces.Join == "":
			v.Shared = append(v.Shared, n.name)
		}
	}
	v.entered(&p.Namespaces)
}

// entered are the namespaces that only some policies have.
func (v *view) entered(n *sealed.Namespaces) {
	v.Network = n.Join
	if n.New&unix.CLONE_NEWUSER != 0 {
		v.New = append(v.New, "user")
	}
	for _, r := range n.UIDs {
		v.IDMaps = append(v.IDMaps, row{"uid", r.String(), r.At})
	}
	for _, r := range n.GIDs {
		v.IDMaps = append(v.IDMaps, row{"gid", r.String(), r.At})
	}
	if n.New&unix.CLONE_NEWTIME == 0 {
		return
	}
	v.New = append(v.New, "time")
	for line := range strings.Lines(n.Clocks.Text()) {
		name, offset, _ := strings.Cut(strings.TrimSpace(line), " ")
		v.Clocks = append(v.Clocks, row{name, offset, n.At})
	}
}

package main

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/filter"
	"casemate/policy/module"
	"casemate/policy/profile"
)

// runShow prints what a sealed policy holds.
func runShow(flags *flag.FlagSet, args []string) error {
	asJSON := flags.Bool("json", false, "")
	bpf := flags.String("bpf", "", "")
	profileText := flags.Bool("apparmor", false, "")
	moduleText := flags.Bool("selinux", false, "")
	path, err := one(flags, args, "sealed policy")
	if err != nil {
		return err
	}
	if flags.NFlag() > 1 {
		return usagef("show: --json, --bpf, --apparmor or --selinux, one of them")
	}
	f, err := open(path)
	switch {
	case err != nil:
		return err
	case *bpf != "":
		return showProgram(path, f.Policy, *bpf)
	case *profileText:
		return showProfile(path, f.Policy)
	case *moduleText:
		return showModule(path, f.Policy)
	case *asJSON:
		e := json.NewEncoder(os.Stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(newView(f))
	}
	_, err = io.WriteString(os.Stdout, newView(f).text())
	return err
}

// open reads a sealed policy. It is no judge of who may have written it: that is
// the shim's question, at boot.
func open(path string) (*sealed.File, error) {
	file, err := openNow(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, sealed.MaxSize+1))
	if err != nil {
		return nil, err
	}
	f, err := sealed.Decode(b)
	if err != nil && strings.HasSuffix(path, ".toml") {
		err = fmt.Errorf("%w; casemate compile makes one of a text", err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// showProgram writes a filter's bytes for other people's simulators.
func showProgram(path string, p *sealed.Policy, name string) error {
	arch, err := filter.ParseArch(name)
	if err != nil {
		return usagef("show: --bpf: %v", err)
	}
	for _, f := range p.Filters {
		if f.Arch == arch.AuditArch() {
			_, err := os.Stdout.Write(f.Program)
			return err
		}
	}
	return fmt.Errorf("%s: it was not compiled for %s", path, arch)
}

// showModule writes the SELinux module of a service with generated types.
func showModule(path string, p *sealed.Policy) error {
	text, err := module.Text(p)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	_, err = io.WriteString(os.Stdout, text)
	return err
}

// showProfile writes the text of the generated profile. It is made again from the policy;
// the digest tells whether it is the one that was compiled.
func showProfile(path string, p *sealed.Policy) error {
	if len(p.LSM.Profile.Binaries) == 0 {
		return fmt.Errorf("%s: it has no generated AppArmor profile", path)
	}
	text, err := profile.Text(p)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if sha256.Sum256([]byte(text)) != p.LSM.Profile.Text {
		return fmt.Errorf("%s: the profile was made by another version of casemate, which shows it", path)
	}
	_, err = io.WriteString(os.Stdout, text)
	return err
}

// text prints the view for a person.
func (v *view) text() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-13s %s\n", name, fmt.Sprintf(format, args...))
	}
	rows := func(name string, rows []row) {
		for _, r := range rows {
			line(name, "%s", strings.TrimRight(fmt.Sprintf("%-24s %-24s %s", r.Name, r.Value, r.At), " "))
			name = ""
		}
	}
	line("service", "%s", v.Service)
	line("digest", "%s", v.Digest)
	line("signed by key", "%s", orNone(v.KeyID))
	line("argv", "%q", v.Argv)
	line("env", "%q", v.Env)
	line("runs as", "uid %d, gid %d, groups %v, umask %s, in %s", v.UID, v.GID, v.Groups, v.Umask, v.Cwd)
	if v.TTY {
		line("terminal", "descriptor 0")
	}
	if len(v.Process) > 0 {
		line("gives up", "%s", strings.Join(v.Process, ", "))
	}
	if v.OOMScore != nil {
		line("oom_score_adj", "%d", *v.OOMScore)
	}
	rows("limits", v.Rlimits)
	line("capabilities", "keep %s, ambient %s", v.Keep, v.Ambient)
	line("namespaces", "new: %s; shared with the host: %s", strings.Join(v.New, " "), orNone(strings.Join(v.Shared, " ")))
	rows("id maps", v.IDMaps)
	rows("clocks", v.Clocks)
	if v.Network != "" {
		line("network", "the namespace %s", v.Network)
	}
	line("hostname", "%s", orNone(v.Hostname))
	line("root", "%s%s, %s%s", v.Root, v.RootImage, map[bool]string{true: "writable", false: "read-only"}[v.RootWritable], map[bool]string{true: ", idmap"}[v.RootIDMap])
	rows("symlinks", v.Symlinks)
	for _, m := range v.Mounts {
		line("mount", "%s", strings.TrimRight(fmt.Sprintf("%-24s %-9s %-24s %s", m.Target, m.Kind, m.Flags, join(m.Source, m.Bounds, m.At)), " "))
	}
	rows("masked", v.Masked)
	rows("read-only", v.Readonly)
	rows("filters", v.Filters)
	rows("labels", v.Labels)
	rows("landlock", v.Landlock)
	rows("cgroup", v.Cgroup)
	rows("devices", v.Devices)
	rows("signals", v.Signals)
	line("signals go to", "%s", map[string]string{"main": "the main process", "group": "its process group", "all": "every process"}[v.Scope])
	line("stop", "%s, after %s KILL", v.Stop, v.Grace)
	line("up when", "%s", map[string]string{"exec": "the main process is executed", "notify": "the main process says READY=1"}[v.Ready])
	if v.Watchdog {
		line("watchdog", "the service manager's")
	}
	rows("sockets", v.Sockets)
	rows("credentials", v.Credentials)
	rows("made from", v.Inputs)
	return b.String()
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// join puts what is there together.
func join(parts ...string) string {
	var there []string
	for _, p := range parts {
		if p != "" {
			there = append(there, p)
		}
	}
	return strings.Join(there, "; ")
}

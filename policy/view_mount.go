package main

import (
	"fmt"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/filter"
)

var (
	kindNames = map[sealed.MountKind]string{
		sealed.Bind: "bind", sealed.Tmpfs: "tmpfs", sealed.Proc: "proc", sealed.Sysfs: "sysfs",
		sealed.Dev: "dev", sealed.Mqueue: "mqueue", sealed.Cgroup2: "cgroup2", sealed.Notify: "notify", sealed.Secrets: "credentials",
	}
	typeNames = map[sealed.PathType]string{sealed.Directory: "dir", sealed.RegularFile: "file", sealed.Socket: "socket"}
)

// newMountRow words the flags as mount(8) does.
func newMountRow(m *sealed.Mount) mountRow {
	r := mountRow{Target: m.Target, Kind: kindNames[m.Kind], Source: m.Source, At: m.At}
	flags := []string{map[bool]string{true: "rw", false: "ro"}[m.Writable], "nosuid"}
	if !m.Devices {
		flags = append(flags, "nodev")
	}
	if !m.Exec {
		flags = append(flags, "noexec")
	}
	if m.NoFollow {
		flags = append(flags, "nosymfollow")
	}
	if m.Recursive {
		flags = append(flags, "recursive")
	}
	if m.IDMap {
		flags = append(flags, "idmap")
	}
	if m.PIDOnly {
		flags = append(flags, "subset=pid")
	}
	if m.Kind == sealed.Bind {
		r.Kind += " " + typeNames[m.Type]
	}
	r.Flags = strings.Join(flags, ",")
	if m.Size != 0 {
		r.Bounds = fmt.Sprintf("%d bytes, %d inodes", m.Size, m.Inodes)
	}
	if m.Kind == sealed.Tmpfs {
		r.Bounds += fmt.Sprintf(", mode %04o, owner %d:%d", m.Mode, m.UID, m.GID)
	}
	return r
}

func archName(audit uint32) string {
	for _, a := range filter.Arches() {
		if a.AuditArch() == audit {
			return string(a)
		}
	}
	return fmt.Sprintf("%#x", audit)
}

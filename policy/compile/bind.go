package compile

import (
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/danger"
)

// bind resolves one entry of mounts.bind. The host's side is looked at when the
// service is launched, not here: the build host is another machine.
func (c *compiler) bind(i int) {
	b := &c.file.Mounts.Bind[i]
	from := c.pos("mounts.bind", i, "from")
	m := sealed.Mount{Kind: sealed.Bind, Writable: b.Writable, Exec: b.Exec, Recursive: b.Recursive, IDMap: b.IDMap, NoFollow: b.NoFollow}
	m.Type = pathTypes[given(b.Type, "dir")]
	m.At = at(c.file.Pos("mounts.bind", i))
	m.Source = c.hostPath(b.From, from)
	if b.At == nil && strings.HasPrefix(b.From, "./") {
		c.fail(from, b.From, "add: at = \"/…\"", "a path beside the policy needs a place inside")
		return
	}
	if m.Source == "" && b.At == nil {
		return // one fault, reported once
	}
	m.Target = c.target(given(b.At, b.From), c.pos("mounts.bind", i, "at"))
	if m.Source == "" || m.Target == "" {
		return
	}
	if b.Recursive && m.Type != sealed.Directory {
		c.fail(c.pos("mounts.bind", i, "recursive"), m.Target, "", "only the bind of a directory can be recursive")
	}
	if b.Writable && b.Exec {
		c.need("mounts."+m.Target, c.pos("mounts.bind", i, "exec"), "what is written there can be executed")
	}
	if b.IDMap {
		c.idMapped("mounts."+m.Target, c.pos("mounts.bind", i, "idmap"), b.Writable)
	}
	if why := danger.Source(m.Source, b.Writable); why != "" {
		c.need("mounts."+m.Target, from, why)
	}
	c.add(m)
}

var pathTypes = map[string]sealed.PathType{"dir": sealed.Directory, "file": sealed.RegularFile, "socket": sealed.Socket}

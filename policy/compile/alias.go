package compile

import (
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/beneath"
)

// aliases refuses lists that cannot hold: a rule of Landlock is on the directory itself, not
// on its name, so what is mounted at two places has at each what the rules of both grant,
// up to what the mount allows. What is one directory by a mount of the host's is not seen.
func (c *compiler) aliases(key string) {
	views := c.views()
	for i := range views {
		for j := range views {
			if below(views[i].source, views[j].source) || i < j && views[i].source == views[j].source {
				c.alias(key, views[i], views[j])
			}
		}
	}
}

// view is a directory or file of the host and its place inside.
type view struct {
	source, target string
	rights         uint64 // those that the mount leaves
	mount          *sealed.Mount
}

func (c *compiler) views() []view {
	rights := func(write, exec bool) uint64 {
		r := uint64(beneath.Read)
		if write {
			r |= beneath.Write(c.out)
		}
		if exec {
			r |= beneath.Exec
		}
		return r
	}
	var all []view
	if c.out.Root.Path != "" {
		all = append(all, view{c.out.Root.Path, "/", rights(c.out.Root.Writable, true), nil})
	}
	for i := range c.out.Mounts {
		if m := &c.out.Mounts[i]; m.Kind == sealed.Bind && m.Type != sealed.Socket {
			all = append(all, view{m.Source, m.Target, rights(m.Writable, m.Exec), m})
		}
	}
	return all
}

// alias compares two views of inner's directory, at every place that a rule names.
func (c *compiler) alias(key string, inner, outer view) {
	places := map[string]bool{"": true}
	above := strings.TrimPrefix(strings.TrimPrefix(inner.source, outer.source), "/")
	for _, b := range c.out.LSM.Landlock.Beneath {
		for _, base := range []string{inner.target, joined(outer.target, above)} {
			if within(b.Path, base) {
				places[strings.TrimPrefix(strings.TrimPrefix(b.Path, base), "/")] = true
			}
		}
	}
	for place := range places {
		a, b := joined(inner.target, place), joined(joined(outer.target, above), place)
		if c.holder(a) != inner.mount || c.holder(b) != outer.mount {
			continue // something else is mounted over one of them
		}
		atA, _ := beneath.Granted(&c.out.LSM.Landlock, a)
		atB, _ := beneath.Granted(&c.out.LSM.Landlock, b)
		if (atA|atB)&inner.rights != atA&inner.rights || (atA|atB)&outer.rights != atB&outer.rights {
			c.fail(c.file.Pos(key), key, "give both the same rights, or bind it once",
				"%s and %s are one path of the host, and Landlock grants there what it grants under either name", a, b)
			return
		}
	}
}

func joined(dir, rest string) string {
	if rest == "" {
		return dir
	}
	return strings.TrimSuffix(dir, "/") + "/" + rest
}

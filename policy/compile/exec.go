package compile

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/syntax"
)

// defaultPath is the PATH of a workload whose policy names none. It is fixed: the
// build host's own says nothing about the image.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// defaultUmask keeps new files from everybody else and lets the group read: a log
// or a socket for a helper of the same group works, which 0077 would prevent.
const defaultUmask = "0027"

// argv resolves the program.
func (c *compiler) argv() {
	f, e := c.file, &c.out.Exec
	e.Argv = f.Exec.Argv
	if len(e.Argv) == 0 {
		c.fail(f.KeyPos("exec"), "exec.argv", `write: argv = ["/usr/bin/program", "argument"]`, "the key is missing")
	} else if p := f.Pos("exec.argv", 0); !strings.HasPrefix(e.Argv[0], "/") {
		c.fail(p, e.Argv[0], "PATH is not searched: write where it is in the root, such as /usr/bin/NAME", "the path is not absolute")
	} else if c.cleanPath(e.Argv[0], p) == "/" {
		c.fail(p, e.Argv[0], "", "the root is no program")
	}
}

// exec resolves the workload's attributes.
func (c *compiler) exec() {
	f, e := c.file, &c.out.Exec
	e.At = at(f.KeyPos("exec"))
	e.Cwd = c.cleanPath(given(f.Exec.Cwd, "/"), f.Pos("exec.cwd"))
	umask, ok := octal(given(f.Exec.Umask, defaultUmask), 0o777)
	if !ok {
		c.fail(f.Pos("exec.umask"), *f.Exec.Umask, `octal: "0027", "077"`, "not a file mode creation mask")
	}
	e.Umask = umask
	if s := f.Exec.OOMScore; s != nil {
		e.SetOOM, e.OOMScore = true, int32(*s)
	}
	e.TTY = given(f.Exec.TTY, false)
	e.Memory.MDWE, e.Core = given(f.Exec.MDWE, false), given(f.Exec.Core, false)
	for _, kind := range f.Exec.Spec {
		e.Spec |= speculation[kind]
	}
}

var speculation = map[string]uint8{"store-bypass": sealed.SpecStoreBypass, "indirect-branch": sealed.SpecIndirectBranch}

// memFD decides about files that only memory holds, of which no mount says that they are not
// executed. It comes after the calls.
func (c *compiler) memFD() {
	_, allowed := c.rules.Allow["memfd_create"]
	if p := c.file.Pos("exec.memfd_exec"); given(c.file.Exec.MemFD, false) {
		if c.need("exec.memfd_exec", p, "what is written to memory can be executed, whatever the mounts say"); !allowed {
			c.fail(p, "exec.memfd_exec", "remove it", "memfd_create is not allowed")
		}
		c.out.Exec.Memory.MemFD = sealed.MemFDExec
	} else if allowed {
		c.out.Exec.Memory.MemFD = sealed.MemFDNoExec
	}
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// contract names are set by the shim and init when the manager has something to
// pass on. A fixed value would be believed by the workload and mean nothing.
var contract = []string{
	"CREDENTIALS_DIRECTORY", "LISTEN_FDNAMES", "LISTEN_FDS", "LISTEN_PID", "LISTEN_PIDFDID", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC",
}

// env is what the policy names, and PATH. Nothing comes from the environment of
// the shim, so that a variable such as LD_PRELOAD or GODEBUG is there only where
// the policy says so.
func (c *compiler) env() {
	env := maps.Clone(c.file.Exec.Env)
	if env == nil {
		env = map[string]string{}
	}
	env["PATH"] = given(c.lookup("PATH"), defaultPath)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		p := c.file.KeyPos("exec.env", name)
		if !envName.MatchString(name) {
			c.fail(p, name, "letters, digits and underscores, no digit first", "not the name of a variable")
		}
		if slices.Contains(contract, name) {
			c.fail(p, name, "", "the variable belongs to the contract with the service manager")
		}
		c.out.Exec.Env = append(c.out.Exec.Env, name+"="+env[name])
	}
}

// lookup gives a variable of the policy.
func (c *compiler) lookup(name string) *string {
	if v, ok := c.file.Exec.Env[name]; ok {
		return &v
	}
	return nil
}

// pos is a shorthand for places inside a list of tables.
func (c *compiler) pos(list string, i int, key string) syntax.Position {
	if p := c.file.Pos(list, i, key); p.Line > 0 {
		return p
	}
	return c.file.Pos(list, i)
}

package vm

import (
	"fmt"
	"os"
	"strings"
)

// programs of this host that the integration tests run, beside those of busybox: what a
// policy confines, and what the tests look with.
var programs = []string{
	"/usr/sbin/nginx", "/usr/bin/redis-server", "/usr/bin/python3",
	"/usr/bin/prlimit", "/usr/bin/unshare", "/usr/bin/strace", "/usr/bin/env", "/usr/bin/setpriv",
	"/usr/bin/systemd-notify", "/usr/bin/systemd-socket-activate",
	"/usr/bin/tini", "/usr/bin/dumb-init", // beside which init has a terminal
	"/usr/sbin/apparmor_parser", // policies are compiled in the guest
}

// userland lays the image out as Debian does, with /usr merged, and brings the programs.
func (i *image) userland() error {
	for _, p := range programs {
		if err := i.program(p, p); err != nil {
			return err
		}
	}
	python, err := os.Readlink("/usr/bin/python3") // python3.11
	if err != nil {
		return err
	}
	for _, p := range []string{"lib" + python + "-minimal", "lib" + python + "-stdlib", python + "-minimal", "python3-minimal"} {
		if err := i.pkg(p); err != nil {
			return err
		}
	}
	if err := i.tree("/etc/apparmor.d/abi", "etc/apparmor.d/abi"); err != nil {
		return err
	}
	i.dir("usr/share/doc", 0o755) // examples/batch counts what is in it
	for _, name := range []string{"etc/nginx/mime.types", "usr/share/nginx/html/index.html"} {
		if err := i.copy("/"+name, name); err != nil {
			return err
		}
	}
	return nil
}

// pkg copies the files of an installed package.
func (i *image) pkg(name string) error {
	list, err := run("", "dpkg", "-L", name)
	if err != nil {
		return err
	}
	for path := range strings.Lines(list) {
		path = strings.TrimSpace(path)
		st, err := os.Lstat(path)
		if err != nil || st.IsDir() || strings.HasPrefix(path, "/usr/share/doc") || strings.HasPrefix(path, "/usr/share/man") {
			continue // not installed here either, or of no use to tests
		}
		bring := i.take
		if strings.HasSuffix(path, ".so") {
			bring = i.program // with its libraries
		}
		if err := bring(path, path); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

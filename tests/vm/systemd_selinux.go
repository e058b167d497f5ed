package vm

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// systemdSELinux is the rung with systemd as PID 1 and SELinux enforcing, by Debian's policy
// and the modules that an image has besides: dist/selinux and those of its services. The root
// is labelled, and the shim runs in a domain of its own.
func systemdSELinux(i *image) error {
	tree, err := debianTree()
	if err != nil {
		return err
	}
	i.disks = append(i.disks, disk{readonly: true, make: func(path string) error {
		return rootImage(path, func(root string) error { return populateSELinux(tree, root) })
	}})
	i.guest.Root, i.guest.Init = "erofs /dev/vda", "/lib/systemd/systemd"
	return nil
}

// notOurs are services that do not start: a domain that no policy has, one that is not for
// services of ours, one that the shim may not enter, one that enforces nothing, and a profile
// where AppArmor is not.
var notOurs = map[string]string{
	"unknown":  `selinux = { type = "casemate_unknown_t" }`,
	"foreign":  `selinux = { type = "ntpd_t", level = "auto" }`,
	"still":    `selinux = { type = "casemate_still_t" }`,
	"loose":    `selinux = { type = "casemate_loose_t" }`,
	"apparmor": `apparmor = { generate = true }`,
}

// refusedToDomains are the denials that two of these lead to, and a program that is no shim in its domain.
var refusedToDomains = regexp.MustCompile(`tcontext=\S*:(ntpd|casemate_still)_t:|comm="\(true\)"|\{ sys_time \}`)

func populateSELinux(tree, root string) error {
	tests, b, err := furnishTests(tree, root, "systemd-selinux")
	if err != nil {
		return err
	}
	own := filepath.Join(tests, "vm/testdata/systemd-selinux")
	modules := []string{filepath.Join(tests, "../dist/selinux/casemate.cil"), filepath.Join(tests, "../dist/selinux/casemate-shim.cil"), filepath.Join(own, "domains.cil")}
	examples := filepath.Join(tests, "../examples/appliance")
	for _, name := range []string{"nginx", "redis"} {
		if err := b.withLSM(filepath.Join(examples, name+".toml"), name, `selinux = { generate = true, level = "auto" }`); err != nil {
			return err
		}
		module, err := b.module(name)
		if err != nil {
			return err
		}
		modules = append(modules, module)
	}
	module, err := b.greeter(filepath.Join(tests, "vm/testdata/systemd"))
	if err != nil {
		return err
	}
	modules = append(modules, module, filepath.Join(own, "local.cil"))
	for name, lsm := range notOurs {
		if err := b.withLSM(filepath.Join(examples, "redis.toml"), name, lsm); err != nil {
			return err
		}
	}
	if err := copyFile(filepath.Join(examples, "nginx.conf"), filepath.Join(root, "usr/share/casemate/nginx.conf"), 0o644); err != nil {
		return err
	}
	policy, err := referencePolicy("systemd", modules...)
	if err != nil {
		return err
	}
	if err := withPolicy(policy, root); err != nil {
		return err
	}
	return systemdTest(root)
}

// greeter seals the one that is woken by a socket and has a credential, in a generated domain,
// and one whose time namespace takes what a module has that is not installed.
func (b *builder) greeter(own string) (module string, err error) {
	for name, domain := range map[string]string{"greeter": "generate = true", "later": `type = "casemate_greeter_t"`} {
		text, err := os.ReadFile(filepath.Join(own, name+".toml"))
		if err != nil {
			return "", err
		}
		source := filepath.Join(filepath.Dir(b.root), name+".toml")
		if err := os.WriteFile(source, append(text, "\n[lsm]\nselinux = { "+domain+", level = \"auto\" }\n"...), 0o644); err != nil {
			return "", err
		}
		if err := b.seal(source); err != nil {
			return "", err
		}
	}
	for _, file := range []string{"etc/greeting", "etc/systemd/system/casemate-greeter.socket", "etc/systemd/system/casemate@greeter.service.d/credential.conf"} {
		if err := copyFile(filepath.Join(own, file), filepath.Join(b.root, file), 0o644); err != nil {
			return "", err
		}
	}
	if err := buildStatic(filepath.Join(b.root, "usr/lib/casemate-test/app/probe"), "casemate/tests/probe"); err != nil {
		return "", err
	}
	if err := b.dropIn("later", "time.conf"); err != nil {
		return "", err
	}
	return b.module("greeter")
}

// withLSM seals a policy of the appliance for a service of some name, with another [lsm].
func (b *builder) withLSM(policy, name, lsm string) error {
	text, err := os.ReadFile(policy)
	if err != nil {
		return err
	}
	const before = "apparmor = { generate = true }"
	of := strings.TrimSuffix(filepath.Base(policy), ".toml")
	if !strings.Contains(string(text), before) {
		return fmt.Errorf("%s has no %q", policy, before)
	}
	changed := strings.NewReplacer(before, lsm, fmt.Sprintf("service = %q", of), fmt.Sprintf("service = %q", name)).Replace(string(text))
	source := filepath.Join(filepath.Dir(b.root), name+".toml")
	if err := os.WriteFile(source, []byte(changed), 0o644); err != nil {
		return err
	}
	return b.seal(source)
}

// module writes the SELinux module of a sealed policy into a file of its name.
func (b *builder) module(name string) (string, error) {
	text, err := run("", b.tool, "show", "--selinux", b.sealed(name))
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(b.root), "casemate_"+name+".cil")
	return path, os.WriteFile(path, []byte(text), 0o644)
}

package vm

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// builder seals policies for an image, as the build of an image does: on the host, for
// the users of the image, with a key that is not in it.
type builder struct {
	root string // of the image
	tool string // casemate, of this tree
	key  string // that the image trusts, beside root
}

func newBuilder(root string) (*builder, error) {
	b := &builder{root: root, tool: filepath.Join(filepath.Dir(root), "casemate"), key: filepath.Join(filepath.Dir(root), "key")}
	_, err := run("", "env", "CGO_ENABLED=1", "go", "build", "-o", b.tool, "casemate/policy")
	return b, err
}

// trust makes the key, and the image trusts it.
func (b *builder) trust() error {
	if _, err := run("", b.tool, "keygen", "-o", b.key); err != nil {
		return err
	}
	return copyFile(b.key+".pub", filepath.Join(b.root, "etc/casemate/trusted-keys"), 0o644)
}

// sealed is the path of a sealed policy in the image.
func (b *builder) sealed(name string) string {
	return filepath.Join(b.root, "usr/share/casemate", name+".sealed")
}

// seal compiles a policy and signs it.
func (b *builder) seal(policy string) error {
	return b.sealAs(policy, strings.TrimSuffix(filepath.Base(policy), ".toml"), b.key)
}

func (b *builder) sealAs(policy, name, key string) error {
	args := []string{"compile", "--passwd", filepath.Join(b.root, "etc/passwd"), "--group", filepath.Join(b.root, "etc/group"), "-o", b.sealed(name)}
	if key != "" {
		args = append(args, "--sign", key+".key")
	}
	_, err := run("", b.tool, append(args, policy)...)
	return err
}

// copies seals a policy for services of other names.
func (b *builder) copies(policy string, names ...string) error {
	text, err := os.ReadFile(policy)
	if err != nil {
		return err
	}
	of := strconv.Quote(strings.TrimSuffix(filepath.Base(policy), ".toml"))
	for _, name := range names {
		source := filepath.Join(filepath.Dir(b.root), name+".toml")
		copied := strings.Replace(string(text), "service = "+of, "service = "+strconv.Quote(name), 1)
		if err := os.WriteFile(source, []byte(copied), 0o644); err != nil {
			return err
		}
		if err := b.seal(source); err != nil {
			return err
		}
	}
	return nil
}

// services seals those of the appliance. Their profiles are made from the policies, so
// their units let the shim load them, and those that are named run it confined itself.
func (b *builder) services(confined ...string) error {
	tests, err := directory()
	if err != nil {
		return err
	}
	dir := filepath.Join(tests, "../examples/appliance")
	for _, name := range []string{"nginx", "redis"} {
		if err := b.seal(filepath.Join(dir, name+".toml")); err != nil {
			return err
		}
		if err := b.dropIn(name, "apparmor.conf"); err != nil {
			return err
		}
	}
	for _, name := range confined {
		if err := b.dropIn(name, "confined.conf"); err != nil {
			return err
		}
	}
	return copyFile(filepath.Join(dir, "nginx.conf"), filepath.Join(b.root, "usr/share/casemate/nginx.conf"), 0o644)
}

// dropIn takes one of dist/ for a service.
func (b *builder) dropIn(service, name string) error {
	tests, err := directory()
	if err != nil {
		return err
	}
	return copyFile(filepath.Join(tests, "../dist/systemd/casemate@.service.d", name), filepath.Join(b.root, "etc/systemd/system/casemate@"+service+".service.d", name), 0o644)
}

// spoil adds two bad ones: a bit of the middle of a policy changed, and a policy that a
// stranger has signed.
func (b *builder) spoil(policy string) error {
	if err := b.sealAs(policy, "tampered", b.key); err != nil {
		return err
	}
	text, err := os.ReadFile(b.sealed("tampered"))
	if err != nil {
		return err
	}
	text[len(text)/2] ^= 1
	if err := os.WriteFile(b.sealed("tampered"), text, 0o644); err != nil {
		return err
	}
	return b.strange(policy, "strange")
}

// strange has a policy signed by somebody whom the image does not trust.
func (b *builder) strange(policy, name string) error {
	stranger := b.key + "-stranger"
	if _, err := run("", b.tool, "keygen", "-o", stranger); err != nil {
		return err
	}
	return b.sealAs(policy, name, stranger)
}

// unsigned has a policy signed by nobody.
func (b *builder) unsigned(policy, name string) error { return b.sealAs(policy, name, "") }

package vm

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// policyPackage is Debian's SELinux policy, the reference policy with all of its modules.
const policyPackage = "selinux-policy-default"

// notByDefault are the modules that the package disables when it is installed.
var notByDefault = strings.Fields(`amtu bugzilla cobbler condor cyphesis git ksmtuned likewise livecd nessus numad oddjob openca
	soundserver thunderbird updfstab usernetctl`)

// referencePolicy gives a root with Debian's policy, built as its package does when it is
// installed, and modules of ours on top: in etc/selinux the policy and what it labels files by, in
// var/lib/selinux what semodule(8) goes on from. The modules are named by their files. Kept in
// the cache, one for each rung: 16 s of work for the policy, 8 for the modules.
func referencePolicy(rung string, modules ...string) (string, error) {
	building.Lock()
	defer building.Unlock()
	dir, err := cache()
	if err != nil {
		return "", err
	}
	out, err := run("", "apt-cache", "show", "--no-all-versions", policyPackage)
	if err != nil {
		return "", err
	}
	key := []byte(field(out, "Version"))
	own := key
	for _, m := range modules {
		text, err := os.ReadFile(m)
		if err != nil {
			return "", err
		}
		own = append(slices.Clip(own), filepath.Base(m)+"\x00"+string(text)+"\x00"...)
	}
	debians, ours := filepath.Join(dir, "selinux", digest(key)), filepath.Join(dir, "selinux-modules-"+rung, digest(own))
	if _, err := os.Stat(debians); err != nil {
		if err := aside(debians, buildReference); err != nil {
			return "", err
		}
	}
	if _, err := os.Stat(ours); err == nil {
		return ours, nil
	}
	return ours, aside(ours, func(root string) error {
		if _, err := run("", "cp", "-a", debians+"/.", root); err != nil {
			return err
		}
		return semodule(root, append([]string{"-i"}, modules...)...)
	})
}

// building is held by who builds a policy: machines begin two at a time.
var building sync.Mutex

func digest(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b))[:16] }

// aside makes a directory of the cache in one piece, and removes those of its kind that are not
// wanted any more.
func aside(dir string, fill func(string) error) error {
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(parent, ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := fill(work); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(parent, "[0-9a-f]*"))
	if err != nil {
		return err
	}
	for _, o := range old {
		if err := os.RemoveAll(o); err != nil {
			return err
		}
	}
	return os.Rename(work, dir)
}

// buildReference does what the package's installation does, in a directory.
func buildReference(root string) error {
	work, err := os.MkdirTemp("", "casemate-vm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if _, err := run(work, "apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", policyPackage); err != nil {
		return err
	}
	if _, err := run(work, "sh", "-c", "dpkg-deb -x *.deb tree"); err != nil {
		return err
	}
	if _, err := run("", "sh", "-c", `mkdir -p "$2/etc" "$2/var/lib/selinux/default" && cp -a "$1/etc/selinux" "$2/etc/"`, "sh", filepath.Join(work, "tree"), root); err != nil {
		return err
	}
	share := filepath.Join(work, "tree/usr/share/selinux/default")
	list, err := os.ReadFile(filepath.Join(share, ".modules"))
	if err != nil {
		return err
	}
	args := []string{"-X", "100"}
	for _, m := range strings.Fields(string(list)) {
		if !slices.Contains(notByDefault, m) {
			args = append(args, "-i", filepath.Join(share, m+".pp.bz2"))
		}
	}
	if err := os.WriteFile(filepath.Join(root, "etc/selinux/config"), []byte("SELINUX=enforcing\nSELINUXTYPE=default\n"), 0o644); err != nil {
		return err
	}
	return semodule(root, args...)
}

// semodule changes the policy of a root, without loading it into this host's kernel.
func semodule(root string, args ...string) error {
	_, err := run("", "/usr/sbin/semodule", append([]string{"-p", root, "-s", "default", "-n"}, args...)...)
	return err
}

// withPolicy puts the policy into an image, without what only semodule reads.
func withPolicy(policy, root string) error {
	_, err := run("", "sh", "-c", `rm -rf "$2/etc/selinux" && cp -a "$1/etc/selinux" "$2/etc/"`, "sh", policy, root)
	return err
}

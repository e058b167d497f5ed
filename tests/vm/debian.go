package vm

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// debianPackages are what an image has besides Debian's smallest variant.
var debianPackages = []string{"systemd", "nginx-light", "redis-server"}

// notInstalled are files that no machine looks at.
var notInstalled = []string{"/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/i18n/*", "/usr/share/lintian/*"}

// debianTree is a root file system of this host's release of Debian, kept in the cache
// until one of its packages has a new version. It takes half a minute to make, and what
// is in it must not be changed: whoever needs it with something added copies it.
func debianTree() (string, error) {
	dir, err := cache()
	if err != nil {
		return "", err
	}
	suite, err := run("", "sh", "-c", ". /etc/os-release && echo $VERSION_CODENAME")
	if err != nil {
		return "", err
	}
	suite = strings.TrimSpace(suite)
	versions, err := run("", "apt-cache", append([]string{"show", "--no-all-versions"}, debianPackages...)...)
	if err != nil {
		return "", err
	}
	key := suite + strings.Join(notInstalled, " ")
	for line := range strings.Lines(versions) {
		if strings.HasPrefix(line, "Package: ") || strings.HasPrefix(line, "Version: ") {
			key += line
		}
	}
	tree := filepath.Join(dir, "debian", fmt.Sprintf("%x", sha256.Sum256([]byte(key)))[:16])
	if _, err := os.Stat(tree); err == nil {
		return tree, nil
	}
	return tree, makeDebianTree(tree, suite)
}

// makeDebianTree makes it aside: a run that was interrupted leaves nothing that the next
// takes for a tree.
func makeDebianTree(tree, suite string) error {
	if err := os.MkdirAll(filepath.Dir(tree), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(tree), ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	args := []string{"--quiet", "--variant=minbase", "--include=" + strings.Join(debianPackages, ",")}
	for _, path := range notInstalled {
		args = append(args, "--dpkgopt=path-exclude="+path)
	}
	root := filepath.Join(work, "root")
	if _, err := run(work, "mmdebstrap", append(args, suite, root)...); err != nil {
		return err
	}
	// Of the package manager nothing is needed in an image that never changes.
	for _, path := range []string{"var/cache/apt", "var/lib/apt", "usr/share/locale"} {
		if err := os.RemoveAll(filepath.Join(root, path)); err != nil {
			return err
		}
	}
	if err := os.Chmod(root, 0o755); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(filepath.Dir(tree), "[0-9a-f]*")) // of packages that are no longer the newest
	if err != nil {
		return err
	}
	for _, o := range old {
		if err := os.RemoveAll(o); err != nil {
			return err
		}
	}
	return os.Rename(root, tree)
}

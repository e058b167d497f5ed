package vm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// metaPackage depends on the newest kernel of the release for virtual machines:
// AppArmor, SELinux, Landlock and BPF LSM built in, and small.
const metaPackage = "linux-image-cloud-amd64"

// kernel is an unpacked kernel package.
type kernel struct {
	dir     string // in the cache
	version string // of the package
}

func (k kernel) image() string   { return filepath.Join(k.dir, "vmlinux") }
func (k kernel) modules() string { return filepath.Join(k.dir, "modules") }

// cache is where kernels and images are kept between runs, by version.
func cache() (string, error) {
	dir := os.Getenv("CASEMATE_CACHE")
	if dir == "" {
		home, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(home, "casemate")
	}
	return dir, os.MkdirAll(dir, 0o755)
}

var dependsOnKernel = regexp.MustCompile(`(?m)^ *Depends: (linux-image-[0-9][^ \n]*)$`)

// fetchKernel gives the newest kernel that the package lists know. Mirrors drop old
// versions, so that none is named here.
func fetchKernel() (kernel, error) {
	dir, err := cache()
	if err != nil {
		return kernel{}, err
	}
	out, err := run("", "apt-cache", "depends", metaPackage)
	if err != nil {
		return kernel{}, err
	}
	m := dependsOnKernel.FindStringSubmatch(out)
	if m == nil {
		return kernel{}, fmt.Errorf("%s depends on no kernel; has apt-get update been run?", metaPackage)
	}
	out, err = run("", "apt-cache", "show", "--no-all-versions", m[1])
	if err != nil {
		return kernel{}, err
	}
	version := field(out, "Version")
	if version == "" {
		return kernel{}, fmt.Errorf("%s: no version", m[1])
	}
	k := kernel{filepath.Join(dir, "kernel", m[1]+"_"+version), version}
	if _, err := os.Stat(k.image()); err == nil {
		return k, nil
	}
	return k, unpackKernel(k, m[1]+"="+version)
}

// unpackKernel downloads the package and keeps the image and the modules, in one step:
// a run that was interrupted leaves nothing that the next takes for a kernel.
func unpackKernel(k kernel, pkg string) error {
	if err := os.MkdirAll(filepath.Dir(k.dir), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(k.dir), ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if _, err := run(work, "apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", pkg); err != nil {
		return err
	}
	if _, err := run(work, "sh", "-c", "dpkg-deb -x *.deb tree"); err != nil {
		return err
	}
	images, _ := filepath.Glob(filepath.Join(work, "tree/boot/vmlinuz-*"))
	modules, _ := filepath.Glob(filepath.Join(work, "tree/lib/modules/*"))
	if len(images) != 1 || len(modules) != 1 {
		return fmt.Errorf("%s: %d images, %d directories of modules", pkg, len(images), len(modules))
	}
	b, err := os.ReadFile(images[0])
	if err != nil {
		return err
	}
	if b, err = carve(b); err != nil {
		return fmt.Errorf("%s: %w", images[0], err)
	}
	ready := filepath.Join(work, "ready")
	if err := os.Mkdir(ready, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(ready, "vmlinux"), b, 0o644); err != nil {
		return err
	}
	if err := os.Rename(modules[0], filepath.Join(ready, "modules")); err != nil {
		return err
	}
	return os.Rename(ready, k.dir)
}

func field(control, name string) string {
	for line := range strings.Lines(control) {
		if rest, ok := strings.CutPrefix(line, name+": "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// run gives a command's standard output; its errors are in the error.
func run(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var words strings.Builder
	cmd.Stderr = &words
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, words.String())
	}
	return string(out), nil
}

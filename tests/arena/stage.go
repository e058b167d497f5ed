//go:build amd64

package arena

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Ground is the directory, within a pool's own, that the launches of its workers take things
// from: $GROUND of the policies. The hostile root is "root" in it.
const Ground = "ground"

// Policies are compiled for every pool and launched by their names. "rich" has a directory of
// the host for its root, and most of what a launch can do; "plain" is what the language's
// defaults give; "mapped" is in user and time namespaces, which a second child of the shim
// makes; "image" has its root in a file, through a loop device.
var Policies = map[string]string{
	"plain": `policy = 1
service = "plain"
arch = ["amd64"]
[exec]
argv = ["/app/probe"]
[mounts]
bind = [{ from = "$BIN/app", at = "/app", exec = true }]
[seccomp]
allow = [$CALLS]
`,
	"image": `policy = 1
service = "image"
arch = ["amd64"]
[exec]
argv = ["/app/probe"]
[root]
image = { file = "$GROUND/image" }
[mounts]
bind = [{ from = "$BIN/app", at = "/app", exec = true }]
[seccomp]
allow = [$CALLS]
`,
	"mapped": `policy = 1
service = "mapped"
arch = ["amd64"]
[exec]
argv = ["/app/probe"]
user = "0"
group = "0"
[namespaces]
user = { uid = ["0 100000 65536"], gid = ["0 100000 65536"] }
time = { monotonic = 1000, boottime = -1 }
[mounts]
proc = "pid-only"
bind = [
  { from = "$BIN/app", at = "/app", exec = true },
  { from = "$GROUND/data/dir", at = "/data", idmap = true },
]
tmpfs = [{ at = "/tmp" }]
[seccomp]
allow = [$CALLS]
`,
	"rich": `policy = 1
service = "rich"
arch = ["amd64"]
[exec]
argv = ["/app/probe"]
cwd = "/srv"
user = "4321"
group = "1234"
groups = ["7"]
oom_score_adj = 500
mdwe = true
[root]
path = "$GROUND/root"
[mounts]
sysfs = true
mqueue = true
shm = "64K"
cgroup = true
bind = [
  { from = "$BIN/app", at = "/app", exec = true },
  { from = "$GROUND/data/file", at = "/etc/conf", type = "file" },
  { from = "$GROUND/data/socket", at = "/srv/socket", type = "socket" },
  { from = "$GROUND/data/dir", at = "/srv/data", writable = true, nosymfollow = true },
]
tmpfs = [{ at = "/tmp" }]
[masks]
mask = ["/etc/secret", "/secrets/"]
readonly = ["/etc/fixed"]
[capabilities]
keep = ["NET_BIND_SERVICE"]
[cgroup]
devices = [{ at = "/dev/fuse", device = "c 10:229", access = "rw" }]
[manager]
ready = "notify"
pass_fds = ["http"]
credentials = ["key"]
[seccomp]
allow = ["@unix-socket", "memfd_create", $CALLS]
[lsm]
landlock = { bind = [], connect = [443] }
[why]
"seccomp.memfd_create" = "so that memory files are forbidden to be executed"
"cgroup.devices./dev/fuse" = "a device, so that a program is loaded"
`,
}

const calls = `"@default", "@io", "@file-read", "@file-write", "@process", "@signals", "@threads", "@memory", "@time", "@sched", "capget"`

// compile compiles Policies into dir/bin.
func compile(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, Ground), 0o755); err != nil {
		return err
	}
	fill := strings.NewReplacer("$BIN", filepath.Join(dir, "bin"), "$GROUND", filepath.Join(dir, Ground), "$CALLS", calls)
	for name, text := range Policies {
		source := filepath.Join(dir, "bin", name+".toml")
		if err := os.WriteFile(source, []byte(fill.Replace(text)), 0o644); err != nil {
			return err
		}
		out, err := exec.Command(filepath.Join(dir, "bin/casemate"), "compile", "-o", strings.TrimSuffix(source, "toml")+"sealed", source).CombinedOutput()
		if err != nil {
			return fmt.Errorf("compile %s: %w\n%s", name, err, out)
		}
	}
	return makeImage(dir)
}

// makeImage makes a root as an erofs file; without erofs-utils there is no such policy.
func makeImage(dir string) error {
	if _, err := exec.LookPath("mkfs.erofs"); err != nil {
		delete(Policies, "image")
		return nil
	}
	root, err := os.MkdirTemp(dir, "root-")
	if err != nil {
		return err
	}
	err = os.Chmod(root, 0o755)
	for _, d := range []string{"app", "dev", "proc"} {
		err = errors.Join(err, os.Mkdir(filepath.Join(root, d), 0o755))
	}
	if err != nil {
		return err
	}
	if out, err := exec.Command("mkfs.erofs", "--all-root", filepath.Join(dir, "bin/image"), root).CombinedOutput(); err != nil {
		return fmt.Errorf("mkfs.erofs: %w\n%s", err, out)
	}
	return nil
}

// Stage makes what the policies name anew.
func (w *Worker) Stage() error {
	entries, err := os.ReadDir(w.Dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(w.Dir, e.Name())))
	}
	return errors.Join(err, w.stage())
}

func (w *Worker) stage() error {
	dir := w.Dir
	unix.Umask(0)
	var errs []error
	if image, err := os.ReadFile(filepath.Join(w.Bin, "image")); err == nil {
		errs = append(errs, os.WriteFile(filepath.Join(dir, "image"), image, 0o644))
	}
	for _, d := range []string{"app", "proc", "sys", "sys/fs/cgroup", "dev", "tmp", "etc", "srv", "srv/data", "secrets"} {
		errs = append(errs, os.MkdirAll(filepath.Join(dir, "root", d), 0o755))
	}
	errs = append(errs, os.MkdirAll(filepath.Join(dir, "data/dir"), 0o777), os.MkdirAll(filepath.Join(dir, "credentials"), 0o700))
	for _, f := range []string{"root/etc/conf", "root/srv/socket", "root/etc/secret", "root/etc/fixed", "root/secrets/one", "data/file", "data/dir/file", "credentials/key"} {
		errs = append(errs, os.WriteFile(filepath.Join(dir, f), []byte(f), 0o644))
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	errs = append(errs, unix.Bind(fd, &unix.SockaddrUnix{Name: filepath.Join(dir, "data/socket")}))
	unix.Umask(0o022)
	return errors.Join(errs...)
}

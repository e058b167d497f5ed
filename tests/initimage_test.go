package tests

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// initExe is the host's way to the program of a container's init.
func initExe(t *testing.T, p *process) string {
	t.Helper()
	p.until(t, "ready")
	return fmt.Sprintf("/proc/%d/exe", initOf(t, p))
}

// PID 1 runs from a copy: no inode and no page of it are the host's or another
// container's, and nobody can write to it, by whatever way (CVE-2019-5736, S01).
func TestInitImageIsPrivateS01(t *testing.T) {
	needRoot(t)
	path := filepath.Join(bin, "casemate-init")
	before, beforeStat := digest(t, path), inode(t, path)
	one := running(t, compiled(t, policy("one", `"/app/probe", "sleep"`, "")))
	two := running(t, compiled(t, policy("two", `"/app/probe", "sleep"`, "")))
	exes := []string{initExe(t, one), initExe(t, two)}
	for _, exe := range exes {
		if name, err := os.Readlink(exe); name != "/memfd:casemate-init (deleted)" {
			t.Errorf("%s leads to %q, %v", exe, name, err)
		}
		if digest(t, exe) != before {
			t.Errorf("%s has other bytes than the file", exe)
		}
		fd, err := unix.Open(exe, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		seals, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
		if want := unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE; err != nil || seals != want {
			t.Errorf("seals %#x, %v", seals, err)
		}
		unix.Close(fd)
		// Not even root of the host: it is executed, and then it is sealed.
		if _, err := unix.Open(exe, unix.O_WRONLY|unix.O_CLOEXEC, 0); !errors.Is(err, unix.ETXTBSY) {
			t.Errorf("opened for writing: %v", err)
		}
	}
	if a, b := inode(t, exes[0]), inode(t, exes[1]); a == b || a == beforeStat || b == beforeStat {
		t.Errorf("inodes %v, %v and the file's %v", a, b, beforeStat)
	}
	for _, p := range []*process{one, two} {
		p.signal(t, unix.SIGTERM)
		p.wait(t)
	}
	if digest(t, path) != before || inode(t, path) != beforeStat {
		t.Error("the file has changed")
	}
}

// A workload that may trace and is root, which a policy has to grant with reasons, reaches
// init's program, and cannot write to it.
func TestInitImageWrittenFromWithinS01(t *testing.T) {
	needRoot(t)
	r := confined(t, `[exec]
argv = ["/app/probe"]
user = "0"
group = "0"
[capabilities]
keep = ["SYS_PTRACE", "DAC_OVERRIDE"]
ambient = ["SYS_PTRACE", "DAC_OVERRIDE"]
[why]
"exec.user" = "the most that a policy can grant is tested"
"capabilities.SYS_PTRACE" = "the same"
"capabilities.DAC_OVERRIDE" = "the same"
`, "read:/proc/1/exe", "write:/proc/1/exe")
	r.attempts(t, "ok", "read:/proc/1/exe")
	r.attempts(t, "ETXTBSY", "write:/proc/1/exe")
}

// On a host that executes nothing but its image: said on the command line, kept in the
// receipt, and never on the quiet.
func TestInitInPlace(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("inplace", `"/app/probe", "sleep"`, ""))
	shim := filepath.Join(bin, "casemate-shim")
	p := begin(t, shim, "run", "-init-in-place", sealed)
	if exe, file := inode(t, initExe(t, p)), inode(t, filepath.Join(bin, "casemate-init")); exe != file {
		t.Errorf("init is the inode %v, the file %v", exe, file)
	}
	var r result // kept when init has been released
	eventually(t, func() bool { r = command(t, shim, "status", "inplace"); return r.code == 0 }, func() string { return r.String() })
	if !strings.Contains(r.stdout, "init is the host's file, not a private copy") {
		t.Errorf("the receipt does not say so: %s", r)
	}
	p.signal(t, unix.SIGTERM)
	p.wait(t)
	p = running(t, sealed)
	initExe(t, p)
	if r := command(t, shim, "status", "inplace"); strings.Contains(r.stdout, "private copy") {
		t.Errorf("a private copy is said to be missing: %s", r)
	}
	p.signal(t, unix.SIGTERM)
	p.wait(t)
}

// What init calls under the shim its own group allows, in a policy that allows nothing else
// and kills for the rest.
func TestInitNeedsItsOwnGroupAlone(t *testing.T) {
	needRoot(t)
	text := policy("alone", `"/app/hard", "quick", "9"`, "[seccomp]\ndefault = \"kill\"\nallow = [\"set_tid_address\"]\n")
	launch(t, compiled(t, text)).expect(t, 9)
}

// A host that makes no executable memfd: nothing starts (247), unless told how. The sysctl
// belongs to a PID namespace (Linux 6.3).
func TestInitImageWithoutExecutableMemfdS02(t *testing.T) {
	needRoot(t)
	const sysctl = "/proc/sys/vm/memfd_noexec"
	if _, err := os.Stat(sysctl); err != nil {
		t.Skip("needs Linux 6.3: ", err)
	}
	sealed := compiled(t, policy("noexec", `"/app/probe", "exit", "3"`, ""))
	shim := filepath.Join(bin, "casemate-shim")
	within := func(value string, args ...string) result {
		script := `echo ` + value + ` >` + sysctl + ` && shift && "$@"`
		return command(t, "unshare", append([]string{"--mount-proc", "-p", "-f", "/bin/sh", "-c", script, "sh", "x", shim, "run"}, args...)...)
	}
	within("1", sealed).expect(t, 3)
	within("2", sealed).expect(t, 247, "copy of init", "vm.memfd_noexec=2", "-init-in-place")
	within("2", "-init-in-place", sealed).expect(t, 3)
}

func digest(t *testing.T, path string) [32]byte {
	t.Helper()
	return sha256.Sum256([]byte(readFile(t, path)))
}

// inode is what tells a file from every other.
func inode(t *testing.T, path string) [2]uint64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return [2]uint64{st.Dev, st.Ino}
}

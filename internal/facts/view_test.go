package facts

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestMain is also the program that TestPrivateView starts in a mount namespace of its own.
func TestMain(m *testing.M) {
	if os.Getenv("CASEMATE_FACTS_COVERED") != "" {
		os.Exit(covered())
	}
	os.Exit(m.Run())
}

// covered lays an empty file system over /proc/sys and asks for it in both views.
func covered() int {
	if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return report("", err)
	}
	if err := syscall.Mount("none", "/proc/sys", "tmpfs", 0, ""); err != nil {
		return report("", err)
	}
	view, err := PrivateView()
	if err != nil {
		return report("", err)
	}
	defer view.Close()
	host, err := HostView().kindOf("/proc/sys/kernel")
	if err != nil {
		return report("", err)
	}
	private, err := view.kindOf("/proc/sys/kernel")
	if err != nil {
		return report("", err)
	}
	sys, err := view.kindOf("/sys/kernel")
	return report("host "+host+", private "+private+", sys "+sys, err)
}

func report(text string, err error) int {
	os.Stdout.WriteString(text)
	if err != nil {
		os.Stdout.WriteString(err.Error())
		return 1
	}
	return 0
}

// What the host has covered is seen all the same: it decides what a launch masks.
func TestPrivateView(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: mounts file systems")
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{"CASEMATE_FACTS_COVERED=1"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	out, err := cmd.Output()
	if got := strings.TrimSpace(string(out)); err != nil || got != "host , private dir, sys dir" {
		t.Errorf("%q, %v", got, err)
	}
}

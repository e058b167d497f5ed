//go:build amd64

package arena

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Attest brings the probe's report into a form that is the same in every launch of a
// policy: numbers of namespaces, mounts and keys are replaced by whether they are the
// worker's own, or left out.
func Attest(stdout string) (string, error) {
	var r map[string]any
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		return "", fmt.Errorf("no report: %w: %.200q", err, stdout)
	}
	namespaces, _ := r["namespaces"].(map[string]any)
	for name, link := range namespaces {
		own, _ := os.Readlink("/proc/self/ns/" + name)
		if text, _ := link.(string); strings.Contains(text, ":[") {
			namespaces[name] = map[bool]string{true: "shared", false: "new"}[own == link]
		}
	}
	if key, ok := r["keyring"].(float64); ok {
		own, _ := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false)
		r["keyring"] = map[bool]string{true: "shared", false: "new"}[int(key) == own]
	}
	// Numbers of init's threads come before the workload's.
	for _, name := range []string{"pid", "pgid"} {
		if pid, ok := r[name].(float64); ok {
			r[name] = pid > 1
		}
	}
	if status, ok := r["status"].(map[string]any); ok {
		maps.DeleteFunc(status, func(k string, _ any) bool {
			return slices.Contains([]string{"SigQ", "Threads", "Cpus_allowed_list", "SigPnd", "ShdPnd", "SigCgt", "NSpid"}, k)
		})
	}
	mounts, _ := r["mountinfo"].([]any)
	for i := range mounts {
		mounts[i] = mountLine(fmt.Sprint(mounts[i]))
	}
	slices.SortFunc(mounts, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	env, _ := r["env"].([]any)
	for i := range env {
		if name, _, _ := strings.Cut(fmt.Sprint(env[i]), "="); name == "LISTEN_PID" {
			env[i] = name
		}
	}
	fds, _ := r["fds"].([]any)
	for _, fd := range fds {
		if m, ok := fd.(map[string]any); ok {
			m["target"] = inode.ReplaceAllString(fmt.Sprint(m["target"]), "[]")
		}
	}
	b, err := json.MarshalIndent(r, "", " ")
	return string(b), err
}

var loop = regexp.MustCompile(`/dev/loop\d+`)

var inode = regexp.MustCompile(`\[\d+\]`)

// mountLine is a line of proc_pid_mountinfo(5) without the numbers of the mount, its parent,
// its peers and, of file systems without a device or of loop devices, its device.
func mountLine(line string) string {
	f := strings.Fields(line)
	if len(f) < 7 {
		return line
	}
	f = slices.DeleteFunc(f[2:], func(s string) bool { return strings.HasPrefix(s, "shared:") || strings.HasPrefix(s, "master:") })
	if major, _, _ := strings.Cut(f[0], ":"); major == "0" || major == "7" {
		f[0] = major
	}
	return loop.ReplaceAllString(strings.Join(f, " "), "/dev/loop")
}

// Difference names the lines in which two attestations differ.
func Difference(want, got string) string {
	return strings.Join(changed(strings.Split(want, "\n"), strings.Split(got, "\n")), "\n")
}

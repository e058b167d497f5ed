//go:build amd64

package races

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"casemate/tests/arena"
	"casemate/tests/trace"

	"golang.org/x/sys/unix"
)

const policy = "rich"

// race is one change at one call.
type race struct {
	Site     trace.Site
	Path     string // below the root; "" for the root itself
	Mutation int
	Late     bool // verification has begun
}

func (r race) String() string {
	return fmt.Sprintf("before %s: /%s is %s", r.Site, r.Path, mutations[r.Mutation].name)
}

// stage sets the scene anew.
func stage(w *arena.Worker) (before string, err error) {
	if err := w.Stage(); err != nil {
		return "", err
	}
	if err := makeCanaries(w); err != nil {
		return "", err
	}
	if err := makeAttic(w); err != nil {
		return "", err
	}
	return canaries(w)
}

// launchRaced is one launch with one change.
func launchRaced(w *arena.Worker, r race) (arena.Result, error) {
	want, err := w.Want(policy)
	if err != nil {
		return arena.Result{}, err
	}
	before, err := stage(w)
	if err != nil {
		return arena.Result{}, err
	}
	m, path := mutations[r.Mutation], filepath.Join(w.Dir, "root", r.Path)
	reached, finished, failed := false, false, error(nil)
	w.Tracer.Follow = func(role string) bool { return role == r.Site.Role }
	w.Tracer.Exit = nil
	w.Tracer.Entry = func(c *trace.Call) trace.Verdict {
		switch {
		case !reached && c.Site() == r.Site:
			reached, failed = true, m.do(w, path)
			if m.undone == nil {
				w.Tracer.Release()
			}
		case reached && !finished:
			finished, failed = true, m.undone(w, path)
			w.Tracer.Release()
		}
		return trace.Verdict{}
	}
	o, err := w.Run(policy, true)
	if err != nil {
		return arena.Result{}, err
	}
	if failed != nil {
		return arena.Result{}, fmt.Errorf("%s: %w", r, failed)
	}
	if m.name == mutations[2].name && reached {
		unix.Unmount(path, unix.MNT_DETACH)
	}
	res, err := judge(w, r, o, want, before)
	if res.Kind == arena.Failure {
		err = w.Clean()
	} else if !reached {
		res.Kind = arena.Missed
	}
	return res, err
}

// judge says what has come of a launch from a root that was changed meanwhile.
func judge(w *arena.Worker, r race, o *arena.Outcome, want, before string) (arena.Result, error) {
	after, err := canaries(w)
	switch {
	case err != nil:
		return arena.Result{}, err
	case after != before:
		return arena.Fail("the canaries were\n%s, are\n%s; %s", before, after, o)
	case o.Hung != "":
		return arena.Fail("hung: %s", o)
	}
	res := arena.Result{Kind: arena.Clean, Text: o.Stderr, Took: o.Took}
	if o.Reported() {
		got, err := arena.Attest(o.Stdout)
		if err != nil {
			return arena.Fail("%v", err)
		}
		if diff := confinement(r, want, got); diff != "" {
			return arena.Fail("the workload ran with another confinement: %s\n%s", diff, o)
		}
	}
	switch {
	case o.Code == 0 && o.Stdout != "":
		res.Kind = arena.Success
	case (o.Code < 246 || o.Code > 249) && o.Code != 126 && o.Code != 127 || !arena.Spoken(o.Stderr):
		return arena.Fail("no documented end: %s", o)
	}
	left, err := w.Left()
	if left != "" {
		return arena.Fail("left behind: %s; %s", left, o)
	}
	return res, err
}

// confinement compares two reports, but for what is the root's own business: the names in
// it, and where in it things lie that are copies of a part of it. What is mounted at a path
// goes with the path, in all namespaces, when it is deleted on the host, and whoever can do
// that can do it at any time (SECURITY.md): after verification began it is not a difference.
func confinement(r race, want, got string) string {
	var reports [2]map[string]any
	for i, text := range []string{want, got} {
		if err := json.Unmarshal([]byte(text), &reports[i]); err != nil {
			return err.Error()
		}
		r := reports[i]
		delete(r, "root")
		delete(r, "cwd")
		mounts, _ := r["mountinfo"].([]any)
		for j := range mounts {
			f := strings.Fields(mounts[j].(string))
			if strings.HasPrefix(f[1], "/root") || strings.HasPrefix(f[1], "/attic") {
				f[1] = "the root"
			}
			mounts[j] = strings.Join(f, " ")
		}
		slices.SortFunc(mounts, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	}
	if r.Late {
		forget(reports[0], reports[1])
		if mounts, ok := reports[0]["mountinfo"].([]any); ok {
			left, _ := reports[1]["mountinfo"].([]any)
			reports[0]["mountinfo"] = slices.DeleteFunc(mounts, func(m any) bool {
				at := strings.Fields(m.(string))[2]
				return (r.Path == "" || at == "/"+r.Path || strings.HasPrefix(at, "/"+r.Path+"/")) && !slices.Contains(left, m)
			})
		}
	}
	a, _ := json.MarshalIndent(reports[0], "", " ")
	b, _ := json.MarshalIndent(reports[1], "", " ")
	if string(a) == string(b) {
		return ""
	}
	return arena.Difference(string(a), string(b))
}

var errno = regexp.MustCompile("^E[A-Z]+$")

// forget leaves out what the workload could not find out, for its /proc was away for a
// moment.
func forget(want, got map[string]any) {
	failed, _ := got["errors"].(map[string]any)
	before, _ := want["errors"].(map[string]any)
	for name, errno := range failed {
		if before[name] != errno {
			for _, r := range []map[string]any{want, got} {
				delete(r, name)
			}
		}
	}
	delete(want, "errors")
	delete(got, "errors")
	links, _ := got["namespaces"].(map[string]any)
	for name, to := range links {
		if to != "shared" && to != "new" {
			links[name] = want["namespaces"].(map[string]any)[name]
		}
	}
	fds, _ := got["fds"].([]any)
	for i := range fds {
		if fd := fds[i].(map[string]any); errno.MatchString(fd["target"].(string)) {
			fd["target"] = want["fds"].([]any)[i].(map[string]any)["target"]
		}
	}
}

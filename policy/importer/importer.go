package importer

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"casemate/policy/filter"
)

// Kind is the form of a source.
type Kind string

// The kinds, as the flags of the command name them.
const (
	OCISeccomp Kind = "oci-seccomp"
	OCIConfig  Kind = "oci-config"
	Minijail   Kind = "minijail"
	Systemd    Kind = "systemd"
)

var kindNames = map[Kind]string{
	OCISeccomp: "seccomp profile of an OCI runtime", OCIConfig: "config.json of an OCI runtime",
	Minijail: "minijail policy", Systemd: "systemd unit",
}

func (k Kind) String() string { return kindNames[k] }

// Options of one import.
type Options struct {
	Kind    Kind          // "" lets Guess decide
	Service string        // "" takes it from the name of the first source
	Argv    []string      // for sources that name no program
	Arches  []filter.Arch // nil for all
	Caps    []string      // without CAP_: rules that depend on capabilities are for these
	Kernel  string        // "5.10": rules that depend on the kernel are for this one
	Why     string        // the reason for every dangerous grant; "" leaves them out
	Invert  bool          // read a list of denied calls as one of allowed ones
	Conf    *Source       // minijail's configuration file
	Include func(name string) (Source, error)
	Judge   Judge
}

// Result is an imported policy.
type Result struct {
	Kind       Kind
	Text       []byte
	Translated int // items that are carried over, or hold by default
	Skipped    int // items that stand as comments
	Reasons    int // grants that wait for a reason
	Fill       int // things that a person has to write before the policy compiles
}

// Summary is the result in one line.
func (r *Result) Summary() string {
	return fmt.Sprintf("%d translated, %d not translated, %d need a reason, %d to fill in", r.Translated, r.Skipped, r.Reasons, r.Fill)
}

// Import carries sources over to the text of a policy. Errors are those of the
// sources, as syntax.Errors.
func Import(o Options, sources ...Source) (*Result, error) {
	for _, s := range slices.Concat(sources, confOf(o)) {
		if len(s.Text) > MaxSource {
			return nil, fmt.Errorf("%s: it has more than %d bytes", s.Name, MaxSource)
		}
	}
	if o.Kind == "" && len(sources) > 0 {
		if o.Kind = Guess(sources[0]); o.Kind == "" {
			return nil, fmt.Errorf("%s: it could be anything: name its kind, --oci-seccomp, --oci-config, --minijail or --systemd", sources[0].Name)
		}
	}
	if o.Arches == nil {
		o.Arches = filter.Arches()
	}
	if o.Service == "" {
		o.Service = serviceName(slices.Concat(sources, confOf(o)))
	}
	d := newDraft()
	d.set("service", o.Service)
	if len(o.Arches) < len(filter.Arches()) {
		var words []any
		for _, a := range o.Arches {
			words = append(words, string(a))
		}
		d.set("arch", words)
	}
	if len(o.Argv) > 0 {
		d.set("exec.argv", list(o.Argv))
	}
	if err := read(d, &o, sources); err != nil {
		return nil, err
	}
	return finish(d, &o, sources)
}

func confOf(o Options) []Source {
	if o.Conf == nil {
		return nil
	}
	return []Source{*o.Conf}
}

func list(words []string) []any {
	all := []any{}
	for _, w := range words {
		all = append(all, w)
	}
	return all
}

// read has the sources read by those who know their form.
func read(d *draft, o *Options, sources []Source) error {
	switch o.Kind {
	case Systemd:
		return unit(d, o, sources)
	case Minijail:
		return minijail(d, o, sources)
	}
	if len(sources) != 1 {
		return fmt.Errorf("one %s at a time", o.Kind)
	}
	root, err := parseJSON(sources[0])
	if err != nil {
		return err
	}
	if root.kind != '{' {
		return faultAt(sources[0], 0, "", "not an object")
	}
	root.items(d)
	r := &reader{source: sources[0]}
	where := func(*item) string { return "seccomp" }
	if o.Kind == OCIConfig {
		err, where = ociConfig(d, o, r, root), configSection
	} else {
		err = ociSeccomp(d, o, r, root)
	}
	d.rest(where, "no counterpart")
	if err == nil {
		err = r.err
	}
	return err
}

// finish has the draft judged and counts.
func finish(d *draft, o *Options, sources []Source) (*Result, error) {
	r := &Result{Kind: o.Kind}
	var names []string
	for _, s := range slices.Concat(confOf(*o), sources) {
		if name := path.Base(s.Name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	head := func() []string {
		r.Skipped, r.Reasons, r.Fill = d.comments.count(skipped), d.comments.count(reason), d.comments.count(fill)
		open := 0
		for _, i := range d.items {
			if !i.done {
				open++
			}
		}
		r.Translated = max(0, len(d.items)-d.comments.count(skipped)-open)
		return []string{
			fmt.Sprintf("Imported from %s (%s) by casemate import. A person has to read it before it is used.", strings.Join(names, ", "), o.Kind),
			r.Summary() + ".",
		}
	}
	var err error
	r.Text, err = d.settle(o, head)
	return r, err
}

var notName = regexp.MustCompile(`[^a-z0-9._-]+`)

// serviceName makes a name for a service of a file's.
func serviceName(sources []Source) string {
	for _, s := range sources {
		name, _, _ := strings.Cut(strings.ToLower(path.Base(s.Name)), ".")
		name = strings.Trim(notName.ReplaceAllString(name, "-"), ".-_")
		if name != "" {
			return name[:min(len(name), 63)]
		}
	}
	return "imported"
}

var (
	unitSection = regexp.MustCompile(`(?m)^\[(Unit|Service|Install)\][ \t\r]*$`)
	jsonObject  = regexp.MustCompile(`^\{\s*["}]`)
	minijailSay = regexp.MustCompile(`(?m)^\s*(@include|@default|@frequency|\{?[a-z_][a-z0-9_]*(\[|,|:)[^/=]?)`)
)

// Guess tells the kind of a source from its text; "" where it is not clear.
func Guess(s Source) Kind {
	text := bytes.TrimSpace(s.Text)
	switch {
	case !utf8.Valid(text):
		return ""
	case jsonObject.Match(text):
		return guessJSON(s)
	case unitSection.Match(text):
		return Systemd
	case bytes.HasPrefix(text, []byte("% minijail-config-file")), minijailSay.Match(text):
		return Minijail
	}
	return ""
}

func guessJSON(s Source) Kind {
	root, err := parseJSON(s)
	if err != nil { // let the reader say what is wrong with it
		return OCISeccomp
	}
	switch profile, config := root.fields["defaultAction"], root.fields["ociVersion"]; {
	case profile != nil && config == nil:
		return OCISeccomp
	case config != nil && profile == nil:
		return OCIConfig
	}
	return ""
}

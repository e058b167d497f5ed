package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"casemate/internal/caps"
	"casemate/policy/compile"
	"casemate/policy/filter"
	"casemate/policy/importer"
)

// importFlags is the command line of import.
type importFlags struct {
	options importer.Options
	kinds   map[importer.Kind]*bool
	arch    string
	conf    string
	out     string
}

func newImportFlags(flags *flag.FlagSet) *importFlags {
	f := &importFlags{kinds: map[importer.Kind]*bool{}}
	for _, k := range []importer.Kind{importer.OCISeccomp, importer.OCIConfig, importer.Minijail, importer.Systemd} {
		f.kinds[k] = flags.Bool(string(k), false, "")
	}
	flags.StringVar(&f.out, "o", "", "")
	flags.StringVar(&f.conf, "conf", "", "")
	flags.StringVar(&f.arch, "arch", "", "")
	flags.StringVar(&f.options.Service, "service", "", "")
	flags.StringVar(&f.options.Kernel, "kernel", "", "")
	flags.StringVar(&f.options.Why, "why", "", "")
	flags.BoolVar(&f.options.Invert, "invert", false, "")
	flags.Func("cap", "", func(s string) error {
		name := strings.TrimPrefix(strings.ToUpper(s), "CAP_")
		for c := range 64 {
			if caps.Name(c) == "CAP_"+name && name[0] >= 'A' { // a newer one is a number there
				f.options.Caps = append(f.options.Caps, name)
				return nil
			}
		}
		return errors.New("unknown capability")
	})
	return f
}

// runImport turns confinement written for others into a policy.
func runImport(flags *flag.FlagSet, args []string) error {
	f, accounts := newImportFlags(flags), accountFlags(flags)
	var argv []string
	if i := slices.Index(args, "--"); i >= 0 {
		args, argv = args[:i], args[i+1:]
	}
	if err := parse(flags, args); err != nil {
		return err
	}
	sources, err := f.complete(flags.Args(), argv)
	if err != nil {
		return err
	}
	f.options.Judge = func(text []byte) ([]importer.Need, error) {
		lacks, err := compile.Judge(f.name(), text, *accounts)
		var needs []importer.Need
		for _, n := range lacks {
			needs = append(needs, importer.Need(n))
		}
		return needs, err
	}
	// What is there may have been completed by a person since the last import.
	if _, err := os.Lstat(f.out); f.out != "" && err == nil {
		return fmt.Errorf("%s: it is there already; an import overwrites nothing", f.out)
	}
	r, err := importer.Import(f.options, sources...)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s: %s: %s\n", sources[0].Name, r.Kind, r.Summary())
	if f.out == "" {
		_, err = os.Stdout.Write(r.Text)
		return err
	}
	return replace(f.out, r.Text)
}

// name is what the policy will be called, so that what lies beside it is found.
func (f *importFlags) name() string {
	if f.out != "" {
		return f.out
	}
	return "imported.toml"
}

// complete reads the files and checks what goes together.
func (f *importFlags) complete(files, argv []string) ([]importer.Source, error) {
	o := &f.options
	o.Argv = argv
	if i := slices.IndexFunc(files, func(s string) bool { return len(s) > 1 && s[0] == '-' }); i > 0 {
		return nil, usagef("import: options come before the files: %q", files[i])
	}
	for k, on := range f.kinds {
		if *on && o.Kind != "" {
			return nil, usagef("import: one kind of source at a time")
		} else if *on {
			o.Kind = k
		}
	}
	if f.arch != "" {
		a, err := filter.ParseArch(f.arch)
		if err != nil {
			return nil, usagef("import: --arch: %v", err)
		}
		o.Arches = []filter.Arch{a}
	}
	if len(files) == 0 && f.conf == "" {
		return nil, usagef("import: name a file")
	}
	if f.conf != "" {
		if o.Kind != "" && o.Kind != importer.Minijail {
			return nil, usagef("import: --conf goes with a minijail policy")
		}
		o.Kind = importer.Minijail
		conf, err := readSource(f.conf)
		if err != nil {
			return nil, err
		}
		o.Conf = &conf
	}
	o.Include = readSource
	var sources []importer.Source
	for _, name := range files {
		s, err := readSource(name)
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	return sources, nil
}

// readSource reads a file of someone else's. The last byte read beyond the limit makes
// the importer say that there are too many.
func readSource(name string) (importer.Source, error) {
	// A FIFO in place of the file must not hold a build up.
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return importer.Source{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, importer.MaxSource+1))
	if err != nil {
		return importer.Source{}, err
	}
	dir, err := filepath.Abs(filepath.Dir(name))
	return importer.Source{Name: name, Dir: dir, Text: text}, err
}

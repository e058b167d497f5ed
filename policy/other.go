package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"

	"casemate/internal/facts"
	"casemate/internal/launch"
	"casemate/internal/plan"
	"casemate/internal/sealed"
	"casemate/policy/compile"
	"casemate/policy/filter"
	"casemate/policy/seccomp"
	"casemate/policy/syntax"
)

func runSchema(flags *flag.FlagSet, args []string) error {
	if err := none(flags, args); err != nil {
		return err
	}
	b, err := syntax.Schema()
	if err == nil {
		_, err = os.Stdout.Write(b)
	}
	return err
}

func runVersion(flags *flag.FlagSet, args []string) error {
	if err := none(flags, args); err != nil {
		return err
	}
	_, err := fmt.Printf("casemate %s, policy language 1, libseccomp %s, syscalls of golang.org/x/sys %s\n",
		compile.Version, seccomp.LibraryVersion(), filter.TableVersion)
	return err
}

// runPlan prints the launch that a sealed policy leads to.
func runPlan(flags *flag.FlagSet, args []string) error {
	recorded := flags.String("facts", "", "")
	path, err := one(flags, args, "sealed policy")
	if err != nil {
		return err
	}
	f, err := open(path)
	if err != nil {
		return err
	}
	host, err := hostFacts(*recorded, f.Policy)
	if err != nil {
		return err
	}
	p, err := launch.Lower(f.Policy, host)
	if err != nil {
		// The shim's exit codes are not the tool's: here it is an input that does
		// not fit another.
		return fmt.Errorf("%s: %s", path, err)
	}
	return plan.Print(os.Stdout, p, launch.Reasons())
}

// maxFacts bounds a file of recorded facts; those of a host have some 10 KiB.
const maxFacts = 1 << 20

// hostFacts reads recorded facts, or asks this host; its service manager is taken to pass
// what the policy names.
func hostFacts(recorded string, p *sealed.Policy) (*facts.Facts, error) {
	if recorded == "" {
		var paths []string
		for _, list := range [][]sealed.Path{p.Masks, p.ReadOnly} {
			for _, m := range list {
				if m.Default {
					paths = append(paths, m.Path)
				}
			}
		}
		host, err := facts.Probe(facts.HostView(), paths)
		if err == nil {
			host.Manager = launch.Obliging(p)
		}
		return host, err
	}
	f, err := openNow(recorded)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	host := new(facts.Facts)
	d := json.NewDecoder(io.LimitReader(f, maxFacts))
	d.DisallowUnknownFields()
	if err := d.Decode(host); err != nil {
		return nil, fmt.Errorf("%s: not facts of a host: %w", recorded, err)
	}
	if reflect.DeepEqual(host.Manager, facts.Manager{}) { // recorded outside of a service
		host.Manager = launch.Obliging(p)
	}
	return host, nil
}

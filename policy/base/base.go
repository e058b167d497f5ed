// Package base holds what ships with the compiler: bases that policies extend,
// groups of system calls, and the default masks. They are text, embedded, each
// with its reasons beside it, so that they are reviewed and digested like the
// policies that use them.
//
// No group holds a call that the compiler demands a why for; a test keeps it so.
//
// It imports go-toml and the standard library.
package base

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"path"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

//go:embed *.toml groups/*.toml
var files embed.FS

// masks is the name of the file that is no base.
const masks = "masks"

// Prefix is how policies name a base: base/NAME.
const Prefix = "base/"

// Names lists the bases, with their prefix, in order.
func Names() []string { return list(".", Prefix, masks) }

// Groups lists the groups, with their @, in order.
func Groups() []string { return list("groups", "@", "") }

func list(dir, prefix, except string) []string {
	entries, err := files.ReadDir(dir)
	if err != nil {
		panic("BUG: embedded files: " + err.Error())
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".toml"); ok && name != except {
			names = append(names, prefix+name)
		}
	}
	return names
}

// Text gives the text of a base by its full name, base/NAME.
func Text(name string) ([]byte, bool) {
	short, ok := strings.CutPrefix(name, Prefix)
	if !ok || short == masks || strings.Contains(short, "/") {
		return nil, false
	}
	text, err := files.ReadFile(short + ".toml")
	return text, err == nil
}

// Group is a named set of system calls, some of them under a condition.
type Group struct {
	Name   string            `toml:"-"` // "@io"
	About  string            `toml:"about"`
	Calls  []string          `toml:"calls"`
	When   map[string]string `toml:"when"`
	Digest [32]byte          `toml:"-"`
}

// FindGroup gives a group by its name with @; false when there is none.
func FindGroup(name string) (*Group, bool) {
	short, ok := strings.CutPrefix(name, "@")
	if !ok || strings.Contains(short, "/") {
		return nil, false
	}
	text, err := files.ReadFile(path.Join("groups", short+".toml"))
	if err != nil {
		return nil, false
	}
	g := &Group{Name: name, Digest: sha256.Sum256(text)}
	decode(name, text, g)
	return g, true
}

// MaskLists are the default masked and read-only paths.
type MaskLists struct {
	Mask     []string `toml:"mask"`
	Readonly []string `toml:"readonly"`
	Digest   [32]byte `toml:"-"`
}

// MasksName names the default masks among the inputs of a sealed policy.
const MasksName = Prefix + masks

// Masks gives the default masks.
func Masks() *MaskLists {
	text, err := files.ReadFile(masks + ".toml")
	if err != nil {
		panic("BUG: embedded masks: " + err.Error())
	}
	m := &MaskLists{Digest: sha256.Sum256(text)}
	decode(masks, text, m)
	return m
}

// decode reads an embedded file, which tests have read before.
func decode(name string, text []byte, v any) {
	d := toml.NewDecoder(bytes.NewReader(text))
	if err := d.DisallowUnknownFields().Decode(v); err != nil {
		panic(fmt.Sprintf("BUG: embedded %s: %v", name, err))
	}
}

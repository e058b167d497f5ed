package vm

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// softDependencies are needed and not among the "depends" of a module's own notes.
var softDependencies = map[string][]string{
	"erofs":     {"crc32c_generic"}, // its checksum asks the crypto API by name
	"dm_verity": {"sha256_generic"},
}

// loader collects modules in the order of loading.
type loader struct {
	files map[string]string // by name, underscores for dashes
	done  map[string]bool
	order []string // paths
}

// loadOrder gives the files of the modules and of all that they depend on. A module
// that the kernel has built in has no file and needs none.
func loadOrder(dir string, names []string) ([]string, error) {
	l := &loader{files: map[string]string{}, done: map[string]bool{}}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if base, isModule := strings.CutSuffix(filepath.Base(path), ".ko"); err == nil && isModule {
			l.files[strings.ReplaceAll(base, "-", "_")] = path
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(l.files) == 0 {
		return nil, fmt.Errorf("%s: no modules (compressed ones are not looked for)", dir)
	}
	builtIn, err := os.ReadFile(filepath.Join(dir, "modules.builtin"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := l.add(name, string(builtIn)); err != nil {
			return nil, err
		}
	}
	return l.order, nil
}

func (l *loader) add(name, builtIn string) error {
	name = strings.ReplaceAll(name, "-", "_")
	if l.done[name] {
		return nil
	}
	l.done[name] = true
	path, ok := l.files[name]
	if !ok {
		if strings.Contains(strings.ReplaceAll(builtIn, "-", "_"), "/"+name+".ko") {
			return nil
		}
		return fmt.Errorf("the kernel has no module %s", name)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, d := range append(depends(b), softDependencies[name]...) {
		if err := l.add(d, builtIn); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	l.order = append(l.order, path)
	return nil
}

// depends reads the note "depends=a,b" of a module (.modinfo).
func depends(module []byte) []string {
	_, rest, ok := bytes.Cut(module, []byte("\x00depends="))
	if !ok {
		return nil
	}
	list, _, _ := bytes.Cut(rest, []byte{0})
	if len(list) == 0 {
		return nil
	}
	return strings.Split(string(list), ",")
}

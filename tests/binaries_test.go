package tests

import (
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The shipped pair: static, stripped, and small enough to be read into memory at
// every boot without anybody noticing.
func TestShippedBinaries(t *testing.T) {
	for name, most := range map[string]int64{"casemate-shim": 4 << 20, "casemate-init": 3 << 19} {
		path := filepath.Join(bin, name)
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if st.Size() > most {
			t.Errorf("%s has %d bytes; at most %d", name, st.Size(), most)
		}
		f, err := elf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
				t.Errorf("%s is not static: it has a %s segment", name, p.Type)
			}
		}
		if f.Section(".symtab") != nil {
			t.Errorf("%s is not stripped", name)
		}
		f.Close()
		if r := command(t, "file", path); !strings.Contains(r.stdout, "statically linked") || !strings.Contains(r.stdout, "stripped") {
			t.Errorf("file(1) says %s", r)
		}
		if r := command(t, "ldd", path); !strings.Contains(r.stdout+r.stderr, "not a dynamic executable") {
			t.Errorf("ldd(1) says %s", r)
		}
	}
}

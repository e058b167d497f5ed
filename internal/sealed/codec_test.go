package sealed

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"casemate/internal/wire"
)

// looseBody encodes a policy whether it is valid or not, if it can be coded at all.
func looseBody(p *Policy) ([]byte, bool) {
	c := wire.Encoder()
	codePolicy(c, p)
	b, err := c.Encoded()
	return b, err == nil
}

func body(t testing.TB, p *Policy) []byte {
	t.Helper()
	b, ok := looseBody(p)
	if !ok {
		t.Fatal("a policy that cannot be coded")
	}
	return b
}

// leaves calls visit with the path of every scalar that full sets, having changed
// it; afterwards it is changed back. Elements of lists count one by one.
func leaves(v reflect.Value, path string, visit func(path string)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			leaves(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			leaves(v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	default:
		old := reflect.ValueOf(v.Interface())
		switch v.Kind() {
		case reflect.String:
			v.SetString(v.String() + "x")
		case reflect.Bool:
			v.SetBool(!v.Bool())
		case reflect.Uint8: // stays below the limit of an enum
			if v.Uint() == 0 {
				v.SetUint(1)
			} else {
				v.SetUint(v.Uint() - 1)
			}
		case reflect.Uint32, reflect.Uint64:
			v.SetUint(v.Uint() ^ 1)
		case reflect.Int32, reflect.Int64:
			v.SetInt(v.Int() ^ 1)
		default:
			panic("a kind that the codec does not know: " + path)
		}
		visit(path)
		v.Set(old)
	}
}

// TestEveryFieldIsCoded fails when a field is added to a type and forgotten in
// the walk.
func TestEveryFieldIsCoded(t *testing.T) {
	p := full()
	before := body(t, p)
	seen := 0
	leaves(reflect.ValueOf(p).Elem(), "Policy", func(path string) {
		seen++
		if bytes.Equal(body(t, p), before) {
			t.Errorf("%s is not coded", path)
		}
	})
	if seen < 200 {
		t.Errorf("only %d scalars seen", seen)
	}
}

// TestFullSetsEverything keeps full worth its name: every list has an element,
// so that the test above reaches every field.
func TestFullSetsEverything(t *testing.T) {
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		if v.Kind() == reflect.Struct {
			for i := range v.NumField() {
				walk(v.Field(i), path+"."+v.Type().Field(i).Name)
			}
		} else if v.Kind() == reflect.Slice && v.Len() == 0 {
			t.Errorf("%s is empty", path)
		}
	}
	walk(reflect.ValueOf(*full()), "Policy")
}

// TestZeroElements: the least sizes that the walk claims for list elements are
// not over the true ones. With a wrong one a short list at the end would not decode.
func TestZeroElements(t *testing.T) {
	p := &Policy{
		Inputs: make([]Input, 50), Masks: make([]Path, 50), ReadOnly: make([]Path, 50),
		Filters: make([]Filter, 2), Limits: make([]Limit, 50), Mounts: make([]Mount, 50),
		Signals: Signals{Forward: make([]Forward, 50)},
	}
	p.Exec.Rlimits, p.Root.Symlinks = make([]Rlimit, 16), make([]Symlink, 50)
	p.Exec.Groups, p.Exec.Env = make([]uint32, 50), make([]string, 50)
	b := body(t, p)
	got := new(Policy)
	c := wire.Decoder(b)
	codePolicy(c, got)
	if err := c.Finish(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(p, got); d != "" {
		t.Error(d)
	}
}

// TestLeastSizes: one element alone, decoded from exactly its own bytes, which
// is the case that a too large claim would refuse.
func TestLeastSizes(t *testing.T) {
	one[Input](t, 40, codeInput)
	one[Rlimit](t, 24, codeRlimit)
	one[Symlink](t, 12, codeSymlink)
	one[Mount](t, 49, codeMount)
	one[IDRange](t, 16, codeIDRange)
	one[Path](t, 10, codePath)
	one[Filter](t, 12, codeFilter)
	one[Limit](t, 12, codeLimit)
	one[Device](t, 18, codeDevice)
	one[Binary](t, 8, codeBinary)
	one[Forward](t, 2, codeForward)
	one[Beneath](t, 17, codeBeneath)
	one[Port](t, 16, codePort)
}

func one[T any](t *testing.T, size int, code func(*wire.Coder, *T)) {
	t.Helper()
	c := wire.Encoder()
	code(c, new(T))
	if b, _ := c.Encoded(); len(b) != size {
		t.Errorf("%T takes %d bytes at least, not %d", *new(T), len(b), size)
	}
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// allocationLimit: a Go string header is four times the smallest coded string;
// the rest is the Policy itself, digests and an error.
func allocationLimit(input int) uint64 { return uint64(8*input + 16<<10) }

// TestAllocationIsBounded: a body whose digest is right and whose lengths lie
// does not make Decode allocate more than a small multiple of the file.
func TestAllocationIsBounded(t *testing.T) {
	good := body(t, full())
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		b := bytes.Clone(good)
		for range 1 + r.IntN(4) {
			b[r.IntN(len(b))] = []byte{0, 1, 0x0f, 0x7f, 0xff}[r.IntN(5)]
		}
		file := reframe(b[:len(b)-r.IntN(2)*r.IntN(len(b))])
		if n := allocated(func() { Decode(file) }); n > allocationLimit(len(file)) {
			t.Fatalf("%d bytes of input, %d bytes allocated", len(file), n)
		}
	}
}

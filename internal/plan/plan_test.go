package plan

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var letters = Names{{1, "A"}, {2, "B"}, {8, "D"}}

func TestArgumentsArePrintedAsAReviewerReadsThem(t *testing.T) {
	for _, c := range []struct {
		arg  Arg
		want string
	}{
		{Num(0), "0"}, {Num(1 << 63), "9223372036854775808"}, {Named(9, "SIGKILL"), "SIGKILL"},
		{Mode(0), "0"}, {Mode(0o1777), "01777"}, {Null(), "NULL"}, {Slot("root"), "root"},
		{String(""), `""`}, {String("a\n\"b"), `"a\n\"b"`}, {Bytes("{x}", []byte{1}), "{x}"},
		{Flags(0, &letters), "0"}, {Flags(2, &letters), "B"}, {Flags(11, &letters), "A|B|D"},
		{Struct([]byte{1}, Flags(3, &letters), Num(7)), "{A|B 7}"},
		{Filter(make([]byte, 16)), "{2 instructions, sha256 374708fff7719dd5}"},
		{Strings([]string{"a b", ""}), `["a b" ""]`}, {Strings(nil), "[]"},
	} {
		if got := c.arg.String(); got != c.want {
			t.Errorf("printed %s, not %s", got, c.want)
		}
	}
}

// A bit that a reviewer would not see is a broken invariant.
func TestFlagWithoutANamePanics(t *testing.T) {
	for _, v := range []uint64{4, 1 << 63, 15} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%#x was printed as something", v)
				}
			}()
			t.Log(Flags(v, &letters))
		}()
	}
}

func TestVectorKeepsItsStrings(t *testing.T) {
	if got := Strings([]string{"a", "b"}).List(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("%q", got)
	}
	if got := Num(1).List(); got != nil {
		t.Errorf("a number is a vector of %q", got)
	}
}

func TestStepsAreCollected(t *testing.T) {
	l := &List{Row: "row"}
	l.Add("p:1", Setsid)
	l.Save("p:2", "slot", Socket, Num(1))
	l.Tolerate("", "EEXIST", Mkdirat, Slot("slot"), String("d"))
	l.Must("", "EACCES", Mkdirat, Slot("slot"), String("d"))
	want := []Step{
		{Row: "row", Op: Setsid, At: "p:1"},
		{Row: "row", Op: Socket, Args: []Arg{Num(1)}, Save: "slot", At: "p:2"},
		{Row: "row", Op: Mkdirat, Args: []Arg{Slot("slot"), String("d")}, Tolerate: "EEXIST"},
		{Row: "row", Op: Mkdirat, Args: []Arg{Slot("slot"), String("d")}, Must: "EACCES"},
	}
	if d := cmp.Diff(want, l.Steps, cmp.Comparer(func(a, b Arg) bool { return a.String() == b.String() })); d != "" {
		t.Error(d)
	}
	if got := l.Steps[2].String(); got != `mkdirat(slot, "d") or EEXIST` {
		t.Error(got)
	}
	if got := l.Steps[3].String(); got != `mkdirat(slot, "d") must be EACCES` {
		t.Error(got)
	}
}

func TestPrint(t *testing.T) {
	p := &Plan{
		Service: "web", Kernel: "6.12 amd64", Lacks: []string{"p:1: no SELinux"},
		Cgroup: Cgroup{Name: "casemate-web", Controllers: []string{"memory"}, Files: []File{{"memory.max", "1", "p:2"}}},
		Opens:  []Open{{Slot: "orders", Kind: Given, Path: "a memfd"}, {Slot: "m", Kind: Tree, Path: "/a", Type: "dir", At: "p:3"}, {Slot: "n", Kind: Recursive, Path: "/b", Type: "dir"}},
		Clone:  Named(1, "CLONE_NEWPID"),
		Steps:  []Step{{Row: "one", Op: Setsid}, {Row: "one", Op: Chdir, Args: []Arg{String("/")}, At: "p:4"}, {Row: "two", Op: Socket, Save: "s"}},
	}
	want := `launch of web on 6.12 amd64
the host lacks: p:1: no SELinux

parent
  cgroup  casemate-web with memory
  write   casemate-web/memory.max = "1"                                                              ; p:2
  open    orders: a memfd
  open    m: a detached copy of dir /a                                                               ; p:3
  open    n: a detached copy of dir /b and the mounts below
  clone3  CLONE_NEWPID|CLONE_INTO_CGROUP|CLONE_PIDFD|CLONE_CLEAR_SIGHAND

child
  one - because
      0   setsid()
      1   chdir("/")                                                                                 ; p:4
  two - 
      2   socket() -> s
`
	var b strings.Builder
	if err := Print(&b, p, map[string]string{"one": "because"}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

// The closed list names every constant of its type, once.
func TestOpsAreAllOfThem(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "op.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			if id, ok := v.Type.(*ast.Ident); ok && id.Name == "Op" {
				name, _ := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				names = append(names, name)
			}
		}
		return true
	})
	var listed []string
	for _, op := range Ops {
		listed = append(listed, string(op))
	}
	if !slices.Equal(names, listed) || len(names) == 0 || !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("constants %q, list %q", names, listed)
	}
}

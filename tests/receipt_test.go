package tests

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/sys/unix"
)

// ofTheForm wants a text to be what docs/receipt.schema.json says.
func ofTheForm(t *testing.T, text string) {
	t.Helper()
	schema, err := os.ReadFile("../docs/receipt.schema.json")
	if err != nil {
		t.Skip("needs docs/receipt.schema.json: ", err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("receipt.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("receipt.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%v: %s", err, text)
	}
}

// receiptJSON is what casemate-shim status says to programs.
func receiptJSON(t *testing.T, service string, code int) string {
	t.Helper()
	r := command(t, filepath.Join(bin, "casemate-shim"), "status", "-json", service)
	r.expect(t, code)
	return r.stdout
}

// The receipt of a service that runs, of one that has ended, of one that was never released
// and of one whose shim was killed are of the published form; all that is compared is equal.
func TestReceiptIsOfItsForm(t *testing.T) {
	needRoot(t)
	shim := filepath.Join(bin, "casemate-shim")
	p := running(t, compiled(t, policy("receipts", `"/app/probe", "signals"`, "")))
	p.until(t, "ready")
	receiptOf(t, "receipts") // is there
	text := receiptJSON(t, "receipts", 0)
	ofTheForm(t, text)
	var r struct {
		Checks []struct{ Name, From, Want, Got string }
		Unread []struct{ Name, Why string }
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil || len(r.Checks) < 60 {
		t.Fatalf("%v: %s", err, text)
	}
	program := hostFacts(t).Hidden == ""
	for _, c := range r.Checks {
		if program = program && c.Name != "seccomp program"; c.Want != c.Got {
			t.Errorf("%+v", c)
		}
	}
	if program {
		t.Errorf("the filter's program can be read, and was not: %+v", r.Unread)
	}
	p.signal(t, unix.SIGTERM)
	p.wait(t)
	ended := receiptJSON(t, "receipts", 3)
	ofTheForm(t, ended)
	endOf(t, "receipts")

	launch(t, compiled(t, policy("receipts", `"/app/probe"`, "[mounts]\nbind = [{ from = \"/nonexistent\", at = \"/x\" }]\n"))).expect(t, 248)
	ofTheForm(t, receiptJSON(t, "receipts", 3))
	endOf(t, "receipts")

	p = running(t, compiled(t, policy("receipts", `"/app/probe", "signals"`, "")))
	p.until(t, "ready")
	receiptOf(t, "receipts")
	p.signal(t, unix.SIGKILL)
	p.wait(t)
	ofTheForm(t, receiptJSON(t, "receipts", 1))
	if r := command(t, shim, "status", "receipts"); r.code != 1 || !strings.HasPrefix(r.stdout, "receipts: its shim was killed; casemate-shim recover") {
		t.Errorf("%s", r)
	}
	command(t, shim, "recover", "receipts").expect(t, 0)
	ofTheForm(t, receiptJSON(t, "receipts", 3))
	endOf(t, "receipts")
}

// Another personality of the shim's, ADDR_NO_RANDOMIZE, is not the workload's.
func TestPersonalityIsNotPassedOn(t *testing.T) {
	needRoot(t)
	setarch, err := exec.LookPath("setarch")
	if err != nil {
		t.Skip("needs setarch of util-linux: ", err)
	}
	p := begin(t, setarch, "-R", filepath.Join(bin, "casemate-shim"), "run", compiled(t, policy("personal", `"/app/probe", "signals"`, "")))
	p.until(t, "ready")
	shim := p.cmd.Process.Pid
	for pid, want := range map[int]string{shim: "00040000", childOf(t, childOf(t, shim)): "00000000"} {
		if got := strings.TrimSpace(readFile(t, "/proc/"+strconv.Itoa(pid)+"/personality")); got != want {
			t.Errorf("process %d: %s, not %s", pid, got, want)
		}
	}
	p.signal(t, unix.SIGTERM)
	p.wait(t)
}

package audit

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"

	"casemate/internal/sealed"
	"casemate/policy/base"
)

// BenchmarkThousand audits 1,000 sealed policies with filters that differ, on all
// processors as the tool does, from their bytes to the JSON report.
func BenchmarkThousand(b *testing.B) {
	var kinds [][]byte
	for _, name := range base.Names() {
		for _, more := range []string{"", `seccomp.allow = ["@mqueue"]`, `seccomp.allow = ["@sysv-ipc", "@aio"]`, "seccomp.allow = [\"socket\"]\nseccomp.when.socket = \"domain in {AF_UNIX, AF_INET} && type & 0xf == SOCK_STREAM\""} {
			s := compiledOf(b, fmt.Sprintf("policy = 1\nservice = \"x\"\nextends = [%q]\nexec.argv = [\"/usr/bin/x\"]\nmounts.bind = [{ from = \"/usr\", exec = true }]\n%s\n", name, more))
			text, err := sealed.Encode(s.File.Policy, nil)
			if err != nil {
				b.Fatal(err)
			}
			kinds = append(kinds, text)
		}
	}
	for b.Loop() {
		run := &Run{Options: Options{Level: ImmutableHost, Today: today}, FailOn: High, Reports: make([]*Report, 1000)}
		var wg sync.WaitGroup
		for worker := range runtime.NumCPU() {
			wg.Go(func() {
				for i := worker; i < len(run.Reports); i += runtime.NumCPU() {
					f, err := sealed.Decode(bytes.Clone(kinds[i%len(kinds)]))
					if err != nil {
						b.Error(err)
						return
					}
					run.Reports[i] = Audit(&Subject{Path: "x.sealed", File: f, Sealed: true}, run.Options)
				}
			})
		}
		wg.Wait()
		if err := WriteJSON(io.Discard, run); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/1000, "ms/policy")
}

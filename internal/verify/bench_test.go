package verify

import "testing"

// What the verification adds to a launch; docs/design.md has the figure beside a launch's.
func BenchmarkRun(b *testing.B) {
	target := started(b, declared(), asPlanned)
	for b.Loop() {
		if _, err := Run(target); err != nil {
			b.Fatal(err)
		}
	}
}

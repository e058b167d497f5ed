#!/bin/sh
# Runs every fuzz target of the repository for a time each: fuzz/run.sh GO 30s.
# What a target finds, it writes to testdata/fuzz beside itself; commit it as a seed.
set -eu
cd "$(dirname "$0")/.."
go=$1
time=$2

"$go" list ./... | while read -r package; do
	"$go" test -list '^Fuzz' "$package" | sed -n 's/^\(Fuzz[A-Za-z0-9_]*\)$/\1/p' | while read -r target; do
		echo "== $package $target"
		"$go" test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 100x "$package" </dev/null
	done
done

# The tests of the prover that have no corpus: every mutant, and ten times the samples.
echo "== the prover, at length"
CASEMATE_LONG=1 "$go" test -timeout 1h -run 'TestMutants|TestRandom' ./policy/prove

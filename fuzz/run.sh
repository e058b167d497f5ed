#!/bin/sh
# Runs every fuzz target of the repository for a time each: fuzz/run.sh GO 30s [TARGET].
# What a target finds, it writes to testdata/fuzz beside itself; commit it as a seed.
# Last it prints what the corpus of each target, seeds and found inputs, reaches: the share
# of the statements of the target's own package, and the number of inputs.
set -eu
cd "$(dirname "$0")/.."
go=$1
time=$2
only=${3:-Fuzz}
cache=$("$go" env GOCACHE)/fuzz
report=$(mktemp)
scratch=$(mktemp -d)
trap 'rm -rf "$report" "$scratch"' EXIT

# reach PACKAGE TARGET: the corpus is run once more as a unit test, under a copy of the
# package's own testdata, since go test counts no statements while it fuzzes.
reach() {
	dir=$("$go" list -f '{{.Dir}}' "$1")
	found="$cache/$1/$2"
	seeds="$dir/testdata/fuzz/$2"
	inputs=$(find "$found" "$seeds" -type f 2>/dev/null | wc -l)
	# go test reads the corpus from the directory it runs in: the test binary is run in a
	# copy of it, so that the tree stays as it is.
	"$go" test -c -cover -coverpkg "$(covered "$1")" -o "$scratch/test" "$1" >/dev/null
	copy="$scratch/tree"
	rm -rf "$copy"
	mkdir -p "$copy/tree"
	tar -c --exclude=./.git --exclude=./bin . | tar -x -C "$copy/tree"
	here="$copy/tree/${dir#"$PWD"/}"
	mkdir -p "$here/testdata/fuzz/$2"
	[ ! -d "$found" ] || cp -R "$found/." "$here/testdata/fuzz/$2/"
	share=$(cd "$here" && "$scratch/test" -test.run "^$2\$" -test.coverprofile "$scratch/profile" | sed -n 's/^coverage: \([0-9.]*%\).*/\1/p')
	printf '%-28s %-42s %6s %7s\n' "${1#casemate/}" "$2" "$inputs" "$share" >>"$report"
}

# covered: what a target is there for. Those of fuzz/ cross rooms.
covered() {
	case $1 in
	casemate/fuzz) echo casemate/internal/facts,casemate/internal/launch,casemate/internal/mount,casemate/internal/plan,casemate/internal/render,casemate/internal/sealed,casemate/policy/compile,casemate/policy/prove ;;
	*) echo "$1" ;;
	esac
}

"$go" list ./... | while read -r package; do
	"$go" test -list '^Fuzz' "$package" | sed -n 's/^\(Fuzz[A-Za-z0-9_]*\)$/\1/p' | grep "^$only" | while read -r target; do
		echo "== $package $target"
		"$go" test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 100x "$package" </dev/null
		reach "$package" "$target"
	done
done

# The tests of the prover that have no corpus: every mutant, and ten times the samples.
if [ "$only" = Fuzz ]; then
	echo "== the prover, at length"
	CASEMATE_LONG=1 "$go" test -timeout 1h -run 'TestMutants|TestRandom' ./policy/prove
fi

echo "== reached, with all inputs that this machine has found"
printf '%-28s %-42s %6s %7s\n' package target inputs reached
cat "$report"

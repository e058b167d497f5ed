# What a machine does whose power fails: it cleans up what the last boot has left on its disk,
# looks at it, starts every service once, and then starts and stops services until it is off.
# With "last" it ends itself; with "sync" all that it writes is on the disk at once, where otherwise
# the file system takes its time.
S=/disk/casemate
shim=/casemate/bin/casemate-shim
fail() { echo "R27 FAILED: $*"; exit 1; }

mkdir -p $S && chmod 700 $S
found=$(ls $S | wc -l)
$shim recover -state $S >/tmp/recovered || fail "recover: $? $(cat /tmp/recovered)"
[ "$(wc -l </tmp/recovered)" = "$found" ] || fail "of $found recover has found $(cat /tmp/recovered)"
[ -z "$(ls $S)" ] || fail "left: $(ls -R $S)"
[ -z "$($shim recover -state $S)" ] || fail "a second time there was more"
kept=0 lost=0
for f in $S/.ended/*.json; do
	[ -e "$f" ] || continue
	name=$(basename "$f" .json)
	$shim status -state $S "$name" >/tmp/status 2>&1
	case $? in
	3) kept=$((kept + 1)); grep -q "its shim was killed" /tmp/status && lost=$((lost + 1)) ;;
	*) fail "status of $name: $? $(cat /tmp/status)" ;;
	esac
done
for n in 1 2 3; do
	$shim run -state $S /casemate/power$n.sealed -- exit 7
	[ $? = 7 ] || fail "service $n does not start"
	$shim status -state $S power$n >/tmp/status
	[ $? = 3 ] && grep -q "exit status 7" /tmp/status || fail "its end: $(cat /tmp/status)"
done
[ "$(ls -A $S/.ended | wc -l)" = 3 ] || fail "ends: $(ls -A $S/.ended)"
echo "R27 found $found kept $kept lost $lost"
[ "$1" = last ] && exit 0
[ "$1" = sync ] && { mount -o remount,sync,dirsync /disk || fail "remount"; }
echo "R27 GOES ON"
while true; do
	for n in 1 2 3; do
		$shim run -state $S /casemate/power$n.sealed -- sleep &
		eval "pid$n=$!"
	done
	usleep 300000
	kill -TERM $pid1 $pid2 $pid3
	wait
done

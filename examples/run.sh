#!/bin/sh
# Shows Casemate with Debian's nginx: compiles examples/nginx.toml, launches it, fetches
# a page, prints the receipt, stops it. Run by `make run`.
set -eu
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
	exec sudo "$0" "$@"
fi

out=$(mktemp -d)
shim=
# The shim executes only an init that root owns, and a checkout may be another user's.
install -m 755 bin/casemate bin/casemate-shim bin/casemate-init "$out"
finish() {
	[ -z "$shim" ] || kill -TERM "$shim" 2>/dev/null || true
	rm -rf "$out"
}
trap finish EXIT

echo "== compile examples/nginx.toml"
"$out/casemate" compile -o "$out/nginx.sealed" examples/nginx.toml

echo "== launch"
"$out/casemate-shim" run "$out/nginx.sealed" &
shim=$!

# nginx needs a moment to listen; the page, not the time, decides.
echo "== fetch http://127.0.0.1:8080/"
curl --silent --show-error --fail --retry 50 --retry-delay 0 --retry-max-time 20 --retry-connrefused http://127.0.0.1:8080/

echo "== receipt"
"$out/casemate-shim" status nginx

echo "== stop"
kill -TERM "$shim"
status=0
wait "$shim" || status=$?
shim=
echo "nginx ended with status $status"
exit "$status"

#!/bin/sh
# Shows Casemate with Debian's nginx: compiles examples/nginx.toml, launches it, fetches
# a page, prints the receipt, stops it. Run by `make run`.
set -eu
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
	exec sudo "$0" "$@"
fi

out=$(mktemp -d /run/casemate-example.XXXXXX)
shim=
finish() {
	[ -z "$shim" ] || kill -TERM "$shim" 2>/dev/null || true
	rm -rf "$out"
}
trap finish EXIT

echo "== compile examples/nginx.toml"
bin/casemate compile -o "$out/nginx.sealed" examples/nginx.toml

echo "== launch"
bin/casemate-shim run "$out/nginx.sealed" &
shim=$!

# nginx needs a moment to listen; the page, not the time, decides.
echo "== fetch http://127.0.0.1:8080/"
curl --silent --show-error --fail --retry 50 --retry-delay 0 --retry-max-time 20 --retry-connrefused http://127.0.0.1:8080/

echo "== receipt"
bin/casemate-shim status nginx

echo "== stop"
kill -TERM "$shim"
status=0
wait "$shim" || status=$?
shim=
echo "nginx ended with status $status"
exit "$status"

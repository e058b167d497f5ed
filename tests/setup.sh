#!/bin/sh
# Installs what building and testing need and is missing, from Debian packages and,
# for the Go toolchain, the Go module mirror. Run by every make target; says nothing
# when there is nothing to do.
set -eu

want_go=$1 # the version that go.mod names
go_home=${CASEMATE_CACHE:-$HOME/.cache/casemate}/go$want_go

# Build: gcc make libseccomp-dev. Tests: the real programs that the examples run, systemd for its clients of a
# service manager, strace for
# the set of system calls that init needs, musl for static C payloads, other inits to compare with, an engine for init,
# mmdebstrap, erofs-utils and cryptsetup-bin (dm-verity) for images with systemd, groff-base for the manual pages.
packages="gcc libc6-dev make git ca-certificates libseccomp-dev musl-tools strace curl nginx-light redis-server python3-minimal file tini dumb-init catatonit qemu-system-x86 busybox-static cpio e2fsprogs lz4 xz-utils zstd systemd podman crun apparmor secilc policycoreutils mmdebstrap erofs-utils squashfs-tools cryptsetup-bin groff-base"

missing=
for p in $packages; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done

have_go() { "$1" version 2>/dev/null | grep -q "go$want_go" || GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null | newer; }
newer() { IFS= read -r v && [ "$(printf 'go%s\n%s\n' "$want_go" "$v" | sort -V | head -n 1)" = "go$want_go" ]; }

find_go() {
	for g in "$go_home/bin/go" "$(command -v go || true)" /usr/local/go/bin/go; do
		if [ -n "$g" ] && [ -x "$g" ] && have_go "$g"; then
			printf '%s\n' "$g"
			return 0
		fi
	done
	return 1
}

go=$(find_go) || go=
[ -n "$go" ] || missing="$missing golang-go"

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

if [ -n "$missing" ]; then
	echo "setup: installing$missing" >&2
	# Installing must not start nginx or redis on the developer's machine.
	guard=
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		guard=/usr/sbin/policy-rc.d
		printf '#!/bin/sh\nexit 101\n' | as_root tee "$guard" >/dev/null
		as_root chmod 755 "$guard"
		trap 'as_root rm -f "$guard"' EXIT
	fi
	as_root apt-get update -qq >&2
	# shellcheck disable=SC2086 # a list of packages
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
fi

# Debian 12 has Go 1.19, which cannot read this go.mod but can fetch and verify a
# toolchain as the module that it is distributed as.
if [ -z "$go" ]; then
	echo "setup: fetching Go $want_go" >&2
	module=golang.org/toolchain@v0.0.1-go$want_go.linux-$(dpkg --print-architecture)
	mods=$(mktemp -d)
	(cd "$mods" && GOFLAGS=-modcacherw GOMODCACHE="$mods" go mod download "$module")
	mkdir -p "$(dirname "$go_home")"
	rm -rf "$go_home"
	mv "$mods/$module" "$go_home"
	rm -rf "$mods"
	chmod -R u+w "$go_home"
	find "$go_home/bin" "$go_home/pkg/tool" -type f -exec chmod 755 {} +
	go=$(find_go)
fi
printf '%s\n' "$go"

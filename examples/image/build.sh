#!/bin/sh
# build.sh DIR: an erofs image with busybox, its dm-verity hash tree, and a policy that runs
# it from there. Needs the packages busybox-static, erofs-utils and cryptsetup-bin.
#
#   examples/image/build.sh /var/lib/image
#   casemate compile -o /var/lib/image/image.sealed /var/lib/image/image.toml
#   casemate-shim run /var/lib/image/image.sealed
set -eu
dir=$(mkdir -p "$1" && cd "$1" && pwd -P)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

# The mount points have to be there: nothing is made in an image.
mkdir -p "$tree/bin" "$tree/dev" "$tree/proc" "$tree/tmp"
cp /bin/busybox "$tree/bin/busybox"
ln -s busybox "$tree/bin/sh"
chmod -R go=rX,u=rwX "$tree"

# The same files make the same image, and the same root hash: no times and no random
# UUID or salt.
uuid=00000000-0000-4000-8000-000000000000
rm -f "$dir/image.erofs" "$dir/image.verity"
mkfs.erofs --quiet -T0 -U "$uuid" --all-root "$dir/image.erofs" "$tree" >&2
hash=$(PATH=$PATH:/usr/sbin veritysetup format --uuid "$uuid" --salt - "$dir/image.erofs" "$dir/image.verity" |
	sed -n 's/^Root hash:[[:space:]]*//p')

cat > "$dir/image.toml" <<EOF
# A shell in an image of its own. The signature of this policy is the image's too: what
# does not hash up to root_hash cannot be read.
policy  = 1
service = "image"
extends = ["base/batch"]

[exec]
argv = ["/bin/sh", "-c", "echo from an image that is verified; echo x > /bin/x"]

[root.image]
file      = "$dir/image.erofs"
verity    = "$dir/image.verity"
root_hash = "$hash"

[mounts]
tmpfs = [{ at = "/tmp", size = "1M" }]
EOF

#!/bin/sh
# A start script of the old kind: it wants to be root, prepares a directory and runs
# its program as another user.
set -eu
echo "I am uid $(id -u), gid $(id -g)."
mkdir /var/lib/rootling/data
chown 33:33 /var/lib/rootling/data
perl -e '$) = "33 33"; $( = 33; ($<, $>) = (33, 33); exec @ARGV' sh -euc '
	touch /var/lib/rootling/data/file
	stat -c "uid $(id -u) has made %n." /var/lib/rootling/data/file
'
stat -c "%n belongs to uid %u, on the disk of the host." /opt/start.sh
stat -c "%n belongs to uid %u: nobody here." /usr/bin/sh

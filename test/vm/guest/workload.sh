#!/bin/sh
# A workload that should behave the same on every machine: programs, pipes, files that are created, moved and removed.
set -e
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
printf 'beta\nalpha\n' | sort >sorted
mkdir -p deep/er
mv sorted deep/er/kept
ln -s deep/er/kept link
cat link | head -n 1
chmod 600 link
head -n 1 /etc/passwd >/dev/null
(sleep 0) &
wait

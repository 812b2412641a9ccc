#!/bin/sh
# Learns from a rehearsal, then runs a task that leaves the contour; in a copy of this directory, with its own home. Needs
# isoline on PATH.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cp -R "$here" "$work/project"
mkdir -p "$work/home/.ssh"
echo "a made-up key" >"$work/home/.ssh/id_ed25519"
HOME=$work/home
SHELL=$work/project/contour-shell
export HOME SHELL
cd "$work/project"

printf '\n# Rehearse: what the agent is for becomes the contour of its shell.\n'
printf '$ CONTOUR=learn node agent.js rehearsal.txt\n'
CONTOUR=learn node agent.js rehearsal.txt

printf '\n# Let it work.\n'
printf '$ node agent.js task.txt\n'
node agent.js task.txt

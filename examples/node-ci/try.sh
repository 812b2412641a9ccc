#!/bin/sh
# Plays some weeks of this project in a copy of its directory, with its own home. Needs isoline and npm on PATH.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cp -R "$here" "$work/project"
mkdir "$work/home"
HOME=$work/home
export HOME
cd "$work/project"

say() { printf '\n# %s\n' "$1"; }

# Shows a command, runs it, and prints its exit status.
try() {
  printf '$ %s\n' "$*"
  status=0
  "$@" || status=$?
  printf '(exit status %s)\n' "$status"
}

fresh_checkout() { rm -rf node_modules; }

say "Learn in the image that CI uses, and commit ci.contour beside the lockfile."
try npm run --silent contour:learn

say "CI, on every push."
fresh_checkout
try npm run --silent contour:check

say "A pull request: slug 1.1.0, which now reads a table of letters."
cp releases/slug-1.1.0/* vendor/slug/
fresh_checkout
try npm run --silent contour:check

say "It is meant to. So it is learnt as well, and the reviewer sees what that means."
cp ci.contour ci.contour.before
fresh_checkout
try npm run --silent contour:learn
try npm run --silent contour:review

say "A pull request: slug 2.0.0, from a maintainer whose account was stolen. The tests pass."
cp releases/slug-2.0.0/* vendor/slug/
fresh_checkout
try npm run --silent contour:check

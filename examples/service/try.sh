#!/bin/sh
# Learns the service while its tests run, and serves under the contour, in a copy of this directory. Needs isoline on PATH.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
server=
end() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM
cp -R "$here" "$work/service"
cd "$work/service"

say() { printf '\n# %s\n' "$1"; }
try() {
  printf '$ %s\n' "$*"
  "$@"
}

# Starts a command that serves, and waits until it prints its port.
serve() {
  printf '$ %s &\n' "$*"
  : >server.log
  "$@" >>server.log &
  server=$!
  until port=$(sed -n 's/^listening on //p' server.log) && [ -n "$port" ]; do
    kill -0 "$server" || exit 1
    sleep 0.1
  done
}

# Ends it as a service manager would, and prints its exit status.
stop() {
  printf '$ kill %%1\n'
  ended=0
  kill "$server"
  wait "$server" || ended=$?
  server=
  printf '(exit status %s)\n' "$ended"
}

say "Learn: the service runs, its tests ask."
serve isoline learn --lens contour.yaml -o service.contour -- node server.js
try node tests.js "$port"
stop

say "Serve: whatever the tests did not show is refused before it happens."
serve isoline run --enforce service.contour -- node server.js
try node tests.js "$port"

say "A page that the tests never asked for is a page like the others."
echo '<h1>News</h1>' >public/news.html
try node ask.js "$port" /news.html

say "The hole in the server is there, but leads nowhere."
try node ask.js "$port" /../secrets.json
try node ask.js "$port" /../../../../../../../../etc/passwd
stop

say "Without a contour it leads to everything."
serve node server.js
try node ask.js "$port" /../secrets.json
stop

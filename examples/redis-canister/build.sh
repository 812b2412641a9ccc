#!/bin/sh
# Builds the image of a small Redis service out of this machine's Debian packages. build.sh IMAGE PODMAN [OPTION…]
set -eu

image=$1
shift
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# put FILE [AS]: copies a program or library, with all the libraries it is linked to.
put() {
  mkdir -p "$root/$(dirname "${2:-$1}")"
  cp -L "$1" "$root/${2:-$1}"
  { ldd "$1" 2>/dev/null || true; } | grep -o '/[^ ]* (0x' | while read -r library _; do
    mkdir -p "$root/$(dirname "$library")"
    cp -L "$library" "$root/$library"
  done
}

for directory in dev proc sys tmp run/redis data etc bin; do mkdir -p "$root/$directory"; done
chmod 1777 "$root/tmp"
put "$(readlink -f "$(command -v redis-server)")" /usr/bin/redis-server
# Most images contain a shell, whether the service needs one or not. In this example the attacker uses it.
put "$(command -v busybox)" /bin/busybox
ln -s busybox "$root/bin/sh"
ln -s busybox "$root/bin/id"
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"

tar -C "$root" -c . | "$@" import -q \
  --change 'CMD ["redis-server", "--port", "0", "--unixsocket", "/run/redis/redis.sock", "--dir", "/data", "--save", "", "--enable-module-command", "yes"]' \
  - "$image"

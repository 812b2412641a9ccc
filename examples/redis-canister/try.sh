#!/bin/sh
# Learns a Redis container under its own client, checks it, then attacks it. Needs root, podman, runc, redis, busybox and gcc,
# and isoline on PATH. Everything is in a directory of its own that is removed at the end.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
image=localhost/shop-redis:1
export PODMAN_IGNORE_CGROUPSV1_WARNING=1 ISOLINE_CANISTERS="$work/host.yaml"
mkdir "$work/contours" "$work/data"
printf 'contours: %s\nreports: %s\n' "$work/contours" "$work/reports" >"$ISOLINE_CANISTERS"

# An engine starts its runtime with an environment of its own, so the settings are written into a wrapper.
cat >"$work/isoline-runc" <<END
#!/bin/sh
ISOLINE_CANISTERS=$ISOLINE_CANISTERS exec $(command -v isoline-runc) "\$@"
END
cat >"$work/podman" <<END
#!/bin/sh
exec podman --root $work/storage --runroot $work/runroot --storage-driver=vfs --cgroup-manager=cgroupfs \
  --log-level=error --runtime=$work/isoline-runc "\$@"
END
chmod 755 "$work/isoline-runc" "$work/podman"
engine=$work/podman

tidy() {
  "$engine" rm --all --force >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap tidy EXIT
trap 'exit 130' INT TERM

say() { printf '\n# %s\n' "$1"; }

# start NAME MODE: starts the service in the background; its contour is learnt, checked or enforced.
start() {
  rm -rf "$work/run" "$work/data/owned"
  mkdir "$work/run"
  printf '$ podman run --annotation dev.isoline.mode=%s …\n' "$2"
  "$engine" run --detach --name "$1" --network=none -v "$work/run:/run/redis" -v "$work/data:/data" \
    --annotation "dev.isoline.mode=$2" --annotation dev.isoline.contour=shop-redis.contour "$image" >/dev/null
}

# finish NAME: waits for its end, and prints the verdict of its last run.
finish() {
  "$engine" wait "$1" >/dev/null
  "$engine" rm --force "$1" >/dev/null
  sed -n 's/^ *"\(act\|verdict\|off\|refused\)": "*\([^",]*\).*/\1: \2/p' "$work/reports/shop-redis.json"
}

# attack: what an attacker who can reach the service tries. Ends the service.
attack() {
  "$here/client.sh" "$work/run/redis.sock" until-it-answers
  printf '$ redis-cli module load /data/shell.so\n'
  redis-cli -s "$work/run/redis.sock" module load /data/shell.so || true
  redis-cli -s "$work/run/redis.sock" shutdown nosave >/dev/null 2>&1 || true
  if [ -e "$work/data/owned" ]; then printf 'a shell ran: %s\n' "$(cat "$work/data/owned")"; else echo "no shell ran"; fi
}

say "Build the image, and learn its contour while its own client uses it."
"$here/build.sh" "$image" "$engine" >/dev/null
gcc -shared -fPIC -o "$work/data/shell.so" "$here/shell.c"
for run in 1 2; do
  start "learn-$run" learn
  "$here/client.sh" "$work/run/redis.sock"
  finish "learn-$run"
done

say "Check it: another container of the same image, the same client."
start check check
"$here/client.sh" "$work/run/redis.sock"
finish check

say "The attack, on a container that is only checked: it succeeds, and the report says what happened."
start watched check
attack
finish watched

say "The attack, on a container that enforces its contour."
start held enforce
attack
finish held

say "A user of the engine cannot get a shell either: none was learnt."
start closed enforce
"$here/client.sh" "$work/run/redis.sock" until-it-answers
printf '$ podman exec shop sh -c id\n'
"$engine" exec closed sh -c id 2>/dev/null || printf 'exit status %s\n' "$?"
"$here/client.sh" "$work/run/redis.sock"
finish closed

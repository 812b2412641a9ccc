#!/bin/sh
# The service's own test: the requests of its clients, and its shutdown at the end. client.sh SOCKET [until-it-answers]
set -eu

ask() { redis-cli -s "$socket" "$@"; }

socket=$1
tries=0
until [ "$(ask ping 2>/dev/null)" = PONG ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 200 ] || { echo "no answer at $socket" >&2; exit 1; }
  sleep 0.1
done
[ "${2:-}" = until-it-answers ] && exit 0
ask flushall >/dev/null
ask set basket:7 apples >/dev/null
[ "$(ask get basket:7)" = apples ]
ask rpush orders 1 2 3 >/dev/null
[ "$(ask llen orders)" = 3 ]
ask expire basket:7 100 >/dev/null
ask eval 'return redis.call("incr", KEYS[1])' 1 visits >/dev/null
ask info server >/dev/null
ask save >/dev/null
ask bgsave >/dev/null
while ask info persistence | grep -q 'rdb_bgsave_in_progress:1'; do sleep 0.1; done
echo "client: all answers were right"
ask shutdown nosave >/dev/null 2>&1 || true

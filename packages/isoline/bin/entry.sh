# Notes how isoline was started, for bin/isoline and bin/isoline-runc, which read this file. Wants isoline_self and isoline_root.
#
# Node resets signal dispositions, raises the limit of open files and marks inherited descriptors close-on-exec before any
# of its code runs, and a shell may drop environment entries it cannot name. A workload must get all of that as it would
# have without us, so it is noted here, by the only process that still sees it.

# In parts, because the kernel takes no string of more than 128 KiB; "-" if it could not be read.
isoline_parts=-
if isoline_environ=$(base64 -w 98304 "/proc/$$/environ" 2>/dev/null); then
  isoline_parts=0
  for isoline_part in $isoline_environ; do
    isoline_parts=$((isoline_parts + 1))
    export "ISOLINE_ENVIRON_$isoline_parts=$isoline_part"
  done
fi

isoline_blocked= isoline_ignored=
while read -r isoline_name isoline_value; do
  case $isoline_name in
    SigBlk:) isoline_blocked=$isoline_value ;;
    SigIgn:) isoline_ignored=$isoline_value ;;
  esac
done <"/proc/$$/status"

isoline_open=
for isoline_fd in "/proc/$$/fd/"*; do
  # Gone by now: the descriptor this very loop was listed through. Same file: what the shell reads its
  # scripts from.
  [ -e "$isoline_fd" ] || continue
  [ "$isoline_fd" -ef "$isoline_self" ] && continue
  [ "$isoline_fd" -ef "$isoline_root/bin/entry.sh" ] && continue
  isoline_open="$isoline_open ${isoline_fd##*/}"
done

ISOLINE_ENTRY="1;blocked=$isoline_blocked;ignored=$isoline_ignored;files=$(ulimit -Sn);environ=$isoline_parts;open=${isoline_open# }"
export ISOLINE_ENTRY

# Options for Node in the environment are meant for the workload, not for its supervisor.
unset NODE_OPTIONS NODE_EXTRA_CA_CERTS NODE_V8_COVERAGE NODE_PATH

if ! command -v node >/dev/null 2>&1; then
  echo "${0##*/}: cannot find node (expected Node.js 20.19 or newer on PATH); install it and try again" >&2
  exit 125
fi

# isoline_script BUNDLED COMPILED: sets isoline_main. The bundle starts in half the time. In a checkout it may be older than
# what was compiled since; then it is passed over.
isoline_script() {
  isoline_main=$isoline_root/dist/bundle/$1
  for isoline_built in "$isoline_root/dist" "$isoline_root/../core/dist" "$isoline_root/../linux/dist"; do
    [ "$isoline_built/.tsbuildinfo" -nt "$isoline_main" ] && isoline_main=$isoline_root/dist/$2
  done
}

# Notes how isoline was started, for bin/isoline and bin/isoline-runc, which read this file. Wants isoline_self, isoline_root, and
# the PATH that was given in isoline_path.
#
# Node resets signal dispositions, raises the limit of open files and marks inherited descriptors close-on-exec before any
# of its code runs, and a shell may drop environment entries it cannot name. A workload must get all of that as it would
# have without us, so it is noted here, by the only process that still sees it.
#
# The environment is the workload's: what it has a dynamic loader, a C library or Node do (LD_PRELOAD, GLIBC_TUNABLES, NODE_OPTIONS,
# OPENSSL_CONF, …) must not be done in the supervisor. So of it the supervisor gets what it has a use for, and nothing else.

PATH=/usr/bin:/bin:/usr/sbin:/sbin:/run/current-system/sw/bin

isoline_say() {
  echo "${0##*/}: $1" >&2
  exit 125
}

# A value may have lines that look like variables: those go as well.
while IFS= read -r isoline_line; do
  case $isoline_line in
    "export "*) isoline_name=${isoline_line#export } ;;
    "declare -x "*) isoline_name=${isoline_line#declare -x } ;;
    *) continue ;;
  esac
  isoline_name=${isoline_name%%=*}
  case $isoline_name in
    "" | [0-9]* | *[!A-Za-z0-9_]*) ;;
    PATH | HOME | USER | TERM | COLORTERM | NO_COLOR | FORCE_COLOR | LANG | LC_ALL | TMPDIR) ;;
    XDG_RUNTIME_DIR | XDG_CONFIG_HOME | XDG_STATE_HOME | ISOLINE_FLEET_CONFIG | ISOLINE_HOST_DIRECTORY) ;;
    DOCKER_CONFIG | REGISTRY_AUTH_FILE | ISOLINE_RUNC | ISOLINE_CANISTERS | ISOLINE_AGENT | ISOLINE_NODE | ISOLINE_DEBUG) ;;
    # Of some shells, in which they cannot be unset.
    PPID | UID | EUID | SHELLOPTS | BASHOPTS | BASH_VERSINFO)
      (unset "$isoline_name") 2>/dev/null && unset "$isoline_name"
      ;;
    PWD | _) ;;
    *) unset "$isoline_name" ;;
  esac
done <<ISOLINE_EXPORTS
$(export -p)
ISOLINE_EXPORTS

# What was loaded into this very shell had its say already: nothing can be promised then, so it is refused.
isoline_loaded=
while read -r isoline_range isoline_rights isoline_offset isoline_device isoline_inode isoline_path_of; do
  case $isoline_rights$isoline_path_of in
    ??x?/usr/lib* | ??x?/lib* | ??x?/usr/bin/* | ??x?/bin/* | ??x?/usr/libexec/* | ??x?/nix/store/* | ??x?/gnu/store/*) ;;
    ??x?/*) isoline_loaded=$isoline_path_of ;;
  esac
done <"/proc/$$/maps"
[ -z "$isoline_loaded" ] || isoline_say "$isoline_loaded was loaded into the shell that starts isoline (LD_PRELOAD, LD_LIBRARY_PATH or \
LD_AUDIT); set that for the command alone: isoline … -- env LD_PRELOAD=… COMMAND"

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

# isoline_trust FILE: for root, whether the file, its target if it is a link, and all directories on the way to both belong to root,
# and no other user can write there.
isoline_trust() {
  [ -O / ] || return 0
  isoline_way=$1
  isoline_real=$(readlink -f "$1")
  set -- /
  for isoline_way in "$isoline_way" "$isoline_real"; do
    while [ -n "$isoline_way" ]; do
      set -- "$@" "$isoline_way"
      isoline_way=${isoline_way%/*}
    done
    [ "$2" != "$isoline_real" ] || break
  done
  isoline_modes=$(stat -Lc '%u%A' "$@") || return 1
  for isoline_mode in $isoline_modes; do
    case $isoline_mode in
      0????????w*) return 1 ;;
      0[!0-9]*) ;;
      *) return 1 ;;
    esac
  done
}

# Node by the first PATH entry that has it. What is relative to a directory, or a project's own (npm puts node_modules/.bin
# first), is for the workload.
isoline_node=${ISOLINE_NODE-}
if [ -z "$isoline_node" ]; then
  isoline_rest=$isoline_path:
  while [ -n "$isoline_rest" ] && [ -z "$isoline_node" ]; do
    isoline_place=${isoline_rest%%:*} isoline_rest=${isoline_rest#*:}
    case $isoline_place in
      */node_modules/.bin | */node_modules/.bin/) ;;
      /*) [ -f "$isoline_place/node" ] && [ -x "$isoline_place/node" ] && isoline_node=$isoline_place/node ;;
    esac
  done
  [ -n "$isoline_node" ] || isoline_say "cannot find node (expected Node.js 20.19 or newer on PATH); install it and try again"
  isoline_trust "$isoline_node" || isoline_say \
    "expected node where only root can write, got $isoline_node; put another first on PATH, or name it with ISOLINE_NODE"
fi

PATH=$isoline_path
export PATH

# isoline_script BUNDLED COMPILED: sets isoline_main. The bundle starts in half the time. In a checkout it may be older than
# what was compiled since; then it is passed over.
isoline_script() {
  isoline_main=$isoline_root/dist/bundle/$1
  for isoline_built in "$isoline_root/dist" "$isoline_root/../core/dist" "$isoline_root/../linux/dist"; do
    [ "$isoline_built/.tsbuildinfo" -nt "$isoline_main" ] && isoline_main=$isoline_root/dist/$2
  done
}

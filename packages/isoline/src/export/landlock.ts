/**
 * Landlock rules as a shell script that starts a command under them, with setpriv(1) of util-linux 2.40 or newer.
 *
 * The rules are those that `run --enforce` puts beneath the sensor. A rule is tied to a file that exists when the script runs.
 */
import type { Contour } from "@isoline/core/contour";
import { compileLandlock, namesOf, type Places } from "@isoline/linux";
import { type Exported, WITHOUT_ACTORS } from "./format.ts";
import { plainPath } from "./pattern.ts";

export function toLandlock(contour: Contour, places: Places): Exported {
  const rules = compileLandlock(contour, places);
  const skipped: string[] = [];
  const lines = rules.files.flatMap(({ path, access, on, appears }) => {
    const plain = plainPath(path);
    if (plain === undefined) {
      skipped.push(path);
      return [];
    }
    const names = words(access);
    return names === "" ? [] : [`permit ${on} ${appears ? "appears" : "exists"} ${quoted(plain)} ${names}`];
  });
  return {
    text: `${HEAD}${lines.join("\n")}\n\n${tail(words(rules.handledFs))}`,
    unsaid: [
      ...(rules.usable ? [] : rules.reasons.map((reason) => `Landlock refuses what is on the contour: ${reason}`)),
      WITHOUT_ACTORS,
      "ports: setpriv has no rules for the network",
      "what Landlock has no right for: mapping, mode, owner, times, attributes, datagrams, signals, ptrace, mounts",
      "a file that the command makes gets its rights from the nearest directory that exists when the script runs",
      ...(skipped.length === 0 ? [] : [`paths that cannot be written in the script: ${skipped.join(", ")}`]),
      ...rules.notes,
    ],
  };
}

const HEAD = `#!/bin/sh
# Starts a command under Landlock rules: sh THIS COMMAND [ARGUMENT…]
set -eu
isoline_rules=$(mktemp)
trap 'rm -f "$isoline_rules"' EXIT

# permit KIND WHEN PATH RIGHTS: a rule, if a file or directory is there. For one that the command makes, its nearest directory
# that is there gets the rights.
permit() {
  isoline_place=$3 isoline_kind=$1
  if [ "$2" = appears ]; then
    while [ ! -e "$isoline_place" ]; do isoline_place=\${isoline_place%/*} isoline_kind=directory; [ -n "$isoline_place" ] || isoline_place=/; done
  fi
  case $isoline_kind in
    directory) [ -d "$isoline_place" ] || return 0 ;;
    file) [ -e "$isoline_place" ] && [ ! -d "$isoline_place" ] || return 0 ;;
  esac
  printf '%s\\n' "path-beneath:$4:$isoline_place" >>"$isoline_rules"
}

`;

/** The rules become arguments before those of the command. */
const tail = (handled: string) => `isoline_arguments=""
while IFS= read -r isoline_rule; do
  isoline_escaped=$(printf '%s' "$isoline_rule" | sed "s/'/'\\\\\\\\''/g")
  isoline_arguments="$isoline_arguments --landlock-rule '$isoline_escaped'"
done <"$isoline_rules"
rm -f "$isoline_rules"
trap - EXIT
eval "exec setpriv --no-new-privs --landlock-access fs:${handled} $isoline_arguments -- \\"\\$@\\""
`;

/** setpriv's names of the rights, with commas between them. It has none for the control of devices. */
function words(access: number): string {
  return namesOf(access)
    .split(", ")
    .filter((name) => name !== "" && name !== "ioctl-dev")
    .join(",");
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Rules `working-directory`, `home`, `temp`, `runtime-directory` and `control-group`: directories that lie elsewhere for every
 * machine and user, written by their purpose. The longest that contains a path is used; of equal ones the first in the order
 * above.
 *
 * The ancestors of these directories differ, too. Programs that walk down to a path component by component open `/home` here
 * and `/builds`, `/builds/7f` there. Each ancestor is `$ABOVE`; its other entries are not.
 */
import type { Launch } from "../launch.ts";
import { type Groups, GroupsAbove, ownGroups } from "./control-groups.ts";
import type { SwitchableRule } from "./table.ts";

/** Stands for a directory that holds the working directory, home, or TMPDIR. */
const ABOVE = "$ABOVE";
/** These exist on every system, so their ancestors do not differ. */
const SYSTEM_TEMPORARY = ["/tmp", "/var/tmp"];

export interface Directory {
  readonly path: string;
  readonly token: string;
  readonly rule: SwitchableRule;
}

export class Directories {
  readonly #all: readonly Directory[];
  readonly #levelled: readonly Directory[];
  readonly #temporary: ReadonlySet<string>;
  readonly #above: ReadonlyMap<string, Directory>;
  readonly #groupsAbove: GroupsAbove;

  constructor(launch: Launch, rules: Readonly<Record<SwitchableRule, boolean>>) {
    this.#all = directoriesOf(launch);
    this.#levelled = this.#all.filter(({ rule }) => rules[rule]);
    this.#above = new Map(this.#levelled.flatMap(directoriesAbove).map((above) => [above.path, above]));
    this.#groupsAbove = new GroupsAbove(rules["control-group"] ? launch : {});
    this.#temporary = new Set(this.#all.filter(({ rule }) => rule === "temp").map(({ path }) => path));
  }

  /** The directory that contains a path, or is it. */
  of(path: string): Directory | undefined {
    const directory = innermost(this.#levelled, path);
    if (directory?.path === path) return directory;
    return this.#above.get(path) ?? directory ?? this.#groupsAbove.of(path);
  }

  /** Whether a path is the working directory, home or a directory for temporary files, or one that these lie in. */
  areReachedBy(path: string): boolean {
    return this.#above.has(path) || this.#levelled.some((each) => each.path === path && each.rule !== "control-group");
  }

  /** Whether the innermost directory around a path is one for temporary files. Does not depend on which rules are on. */
  isTemporary(path: string): boolean {
    const directory = innermost(this.#all, path);
    return directory !== undefined && this.#temporary.has(directory.path);
  }
}

export type Places = Pick<Launch, "cwd" | "home" | "temp" | "uid"> & Groups;

/** Longest first; sorting is stable, so equal ones keep their order. `/` is never used. */
function directoriesOf(launch: Places): Directory[] {
  const all: Directory[] = [
    { path: launch.cwd, token: "$CWD", rule: "working-directory" },
    { path: launch.home, token: "$HOME", rule: "home" },
    ...launch.temp.map((path): Directory => ({ path, token: "$TMP", rule: "temp" })),
    { path: `/run/user/${launch.uid}`, token: "$RUNTIME", rule: "runtime-directory" },
    ...ownGroups(launch),
  ];
  return all
    .filter(({ path }) => path.startsWith("/") && path !== "/" && !path.endsWith("/"))
    .sort((a, b) => b.path.length - a.path.length);
}

/** Real paths that a levelled path in `$ABOVE` may stand for. */
export function pathsAbove(launch: Places): string[] {
  return [
    ...new Set(
      directoriesOf(launch)
        .flatMap(directoriesAbove)
        .map(({ path }) => path),
    ),
  ];
}

function directoriesAbove({ path, rule }: Directory): Directory[] {
  if (rule === "runtime-directory" || rule === "control-group" || SYSTEM_TEMPORARY.includes(path)) return [];
  const above: Directory[] = [];
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1))
    above.push({ path: path.slice(0, end), token: ABOVE, rule });
  return above;
}

function innermost(directories: readonly Directory[], path: string): Directory | undefined {
  for (const directory of directories) {
    const { length } = directory.path;
    if (path.startsWith(directory.path) && (path.length === length || path.charCodeAt(length) === 0x2f))
      return directory;
  }
  return undefined;
}

/**
 * Rules `working-directory`, `home`, `temp` and `runtime-directory`: directories that every machine and user has
 * elsewhere, by what they are for. The longest that contains a path wins; of equal ones the first in the order above.
 *
 * The directories that these lie in are elsewhere, too: programs that walk down to a path component by component open
 * `/home` here and `/builds`, `/builds/7f` there. Each of them, by itself and not what else it holds, is `$ABOVE`.
 */
import type { Launch } from "../launch.ts";
import type { SwitchableRule } from "./table.ts";

/** Stands for a directory that holds the working directory, home, or TMPDIR. */
const ABOVE = "$ABOVE";
/** Where every system has them, so that nothing above them differs. */
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

  constructor(launch: Launch, rules: Readonly<Record<SwitchableRule, boolean>>) {
    this.#all = directoriesOf(launch);
    this.#levelled = this.#all.filter(({ rule }) => rules[rule]);
    this.#above = new Map(this.#levelled.flatMap(directoriesAbove).map((above) => [above.path, above]));
    this.#temporary = new Set(this.#all.filter(({ rule }) => rule === "temp").map(({ path }) => path));
  }

  /** The directory that contains a path, or is it. */
  of(path: string): Directory | undefined {
    const directory = innermost(this.#levelled, path);
    return directory?.path === path ? directory : (this.#above.get(path) ?? directory);
  }

  /** Whether the innermost directory around a path is one for temporary files, whichever rules are on. */
  isTemporary(path: string): boolean {
    const directory = innermost(this.#all, path);
    return directory !== undefined && this.#temporary.has(directory.path);
  }
}

/** Longest first; sorting is stable, so equal ones keep their order. `/` is no directory of anyone. */
function directoriesOf(launch: Pick<Launch, "cwd" | "home" | "temp" | "uid">): Directory[] {
  const all: Directory[] = [
    { path: launch.cwd, token: "$CWD", rule: "working-directory" },
    { path: launch.home, token: "$HOME", rule: "home" },
    ...launch.temp.map((path): Directory => ({ path, token: "$TMP", rule: "temp" })),
    { path: `/run/user/${launch.uid}`, token: "$RUNTIME", rule: "runtime-directory" },
  ];
  return all
    .filter(({ path }) => path.startsWith("/") && path !== "/" && !path.endsWith("/"))
    .sort((a, b) => b.path.length - a.path.length);
}

/** Where a levelled path that is `$ABOVE` may be. */
export function pathsAbove(launch: Pick<Launch, "cwd" | "home" | "temp" | "uid">): string[] {
  return [
    ...new Set(
      directoriesOf(launch)
        .flatMap(directoriesAbove)
        .map(({ path }) => path),
    ),
  ];
}

function directoriesAbove({ path, rule }: Directory): Directory[] {
  if (rule === "runtime-directory" || SYSTEM_TEMPORARY.includes(path)) return [];
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

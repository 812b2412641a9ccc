/**
 * The rules that hold where the namespace was started. `$CWD` may stand for any directory, also one that no class may reach:
 * a rule that holds in a checkout must not hold in `~/.ssh`.
 */
import type { Launch } from "../launch.ts";
import { guardOf } from "./guarded.ts";
import { type ClassRule, partsOf } from "./rule.ts";

type Places = Pick<Launch, "cwd" | "home" | "temp">;

export function rulesAt(rules: readonly ClassRule[], launch: Places): readonly ClassRule[] {
  return rules.filter((rule) => {
    const directory = rule.at.slice(0, rule.at.lastIndexOf("/"));
    const writes = rule.of.some((operation) => operation !== "open");
    const reach = partsOf(rule)?.names.reach === "spelled" ? "spelled" : "form";
    return realPlaces(directory, launch).every((place) => guardOf(`${place}/0`, writes, reach) === undefined);
  });
}

/** The directories that a levelled one may be, with home as `$HOME`, as the guards know it. */
function realPlaces(directory: string, { cwd, home, temp }: Places): string[] {
  const [token, ...below] = directory.split("/");
  const tops = token === "$CWD" ? [cwd] : token === "$TMP" ? temp : token === "$HOME" ? [home] : undefined;
  if (tops === undefined) return [directory];
  return tops.map((top) => [fromHome(token === "$HOME" ? "$HOME" : top, home), ...below].join("/"));
}

function fromHome(path: string, home: string): string {
  return home.length > 1 && (path === home || path.startsWith(`${home}/`)) ? `$HOME${path.slice(home.length)}` : path;
}

/** Reads an ApplicationProfile of Kubescape, in YAML or JSON. */
import { IsolineError } from "@isoline/core/error";
import type { Use } from "../export/permits.ts";
import { parseYaml } from "../store/yaml.ts";
import { PathPattern } from "./path-pattern.ts";
import type { Prior, Rule } from "./rule.ts";

const MOST_RULES = 20_000;
const usesOfFlag: Readonly<Record<string, readonly Use[]>> = {
  O_RDONLY: ["read", "list", "map"],
  O_WRONLY: ["write", "change"],
  O_RDWR: ["read", "write", "map", "change"],
  O_CREAT: ["make", "write", "remove"],
  O_TRUNC: ["write"],
  O_APPEND: ["write"],
  O_DIRECTORY: ["list"],
};

export async function readKubescape(text: string): Promise<Prior> {
  const profile = record(await parseYaml(text, bad), "the document");
  if (profile["kind"] !== "ApplicationProfile")
    throw bad(`expected kind: ApplicationProfile, got ${JSON.stringify(profile["kind"] ?? "none").slice(0, 80)}`);
  const spec = record(profile["spec"], "spec");
  const containers = [...list(spec["initContainers"], "initContainers"), ...list(spec["containers"], "containers")];
  const rules: Rule[] = [];
  const unread: string[] = [];
  for (const each of containers) {
    const container = record(each, "a container");
    for (const entry of list(container["execs"], "execs")) rules.push(executed(record(entry, "an exec")));
    for (const entry of list(container["opens"], "opens")) rules.push(opened(record(entry, "an open")));
    for (const key of ["capabilities", "syscalls", "endpoints"]) {
      const { length } = list(container[key], key);
      if (length > 0) unread.push(`${length} ${key}`);
    }
  }
  if (rules.length > MOST_RULES) throw bad(`expected at most ${MOST_RULES} entries, got ${rules.length}`);
  return { rules, unread };
}

function executed(entry: Readonly<Record<string, unknown>>): Rule {
  const path = pathIn(entry);
  return { kind: "file", pattern: PathPattern.kubescape(path), uses: new Set(["execute"]), text: `exec ${path}` };
}

function opened(entry: Readonly<Record<string, unknown>>): Rule {
  const path = pathIn(entry);
  const flags = list(entry["flags"], "flags").map(String);
  const uses = new Set(flags.flatMap((flag) => usesOfFlag[flag] ?? []));
  return { kind: "file", pattern: PathPattern.kubescape(path), uses, text: `open ${path} ${flags.join("|")}` };
}

function pathIn(entry: Readonly<Record<string, unknown>>): string {
  const { path } = entry;
  if (typeof path !== "string" || !path.startsWith("/"))
    throw bad(`expected a path, got ${JSON.stringify(path ?? "none").slice(0, 80)}`);
  return path;
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(`expected ${what} as a table`);
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw bad(`expected ${what} as a list`);
  return value as readonly unknown[];
}

function bad(why: string): IsolineError {
  return new IsolineError("bad-policy", `not a profile of Kubescape: ${why}; export it anew`);
}

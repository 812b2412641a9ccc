/** Reads the rules of an AppArmor profile (apparmor.d(5)) that are about files and sockets. */
import type { Use } from "../export/permits.ts";
import { PathPattern } from "./path-pattern.ts";
import type { Prior, Rule } from "./rule.ts";

const MOST_RULES = 20_000;
const usesOf: Readonly<Record<string, readonly Use[]>> = {
  r: ["read", "list"],
  w: ["write", "make", "remove", "change"],
  a: ["write", "make"],
  m: ["map"],
  l: ["make"],
  k: [],
  x: ["execute"],
};
/** What precedes x and says under which profile a program runs. */
const TRANSITIONS = /[pPcCuUi]+x|[pPcCuUi]+(?=x)/g;
const ACCESS = /^(?:[rwamlk]|[pPcCuUi]*x)+$/;
/** Preambles of a rule that do not change what it permits to the one process. */
const PREFIXES = /^(?:audit\s+|owner\s+|other\s+|allow\s+|quiet\s+|priority=-?\d+\s+)+/;
/** The variables that apparmor's own tunables define. */
const tunables: readonly (readonly [name: string, value: string])[] = [
  ["@{PROC}", "/proc"],
  ["@{sys}", "/sys"],
  ["@{run}", "/{run,var/run}"],
  ["@{HOME}", "/{root,home/*}"],
  ["@{HOMEDIRS}", "/home"],
  ["@{pid}", "[0-9]*"],
  ["@{pids}", "[0-9]*"],
  ["@{tid}", "[0-9]*"],
  ["@{uid}", "[0-9]*"],
  ["@{bin}", "/{usr/,}{s,}bin"],
  ["@{lib}", "/{usr/,}lib{,32,64,exec}"],
  ["@{multiarch}", "*-linux-gnu*"],
  ["@{etc_ro}", "/{usr/,}etc"],
  ["@{etc_rw}", "/etc"],
];

export function readAppArmor(text: string): Prior {
  const rules: Rule[] = [];
  const unread: string[] = [];
  for (const statement of statementsOf(text)) {
    const rule = rules.length < MOST_RULES ? ruleOf(statement) : undefined;
    if (rule === undefined) unread.push(statement);
    else rules.push(rule);
  }
  return { rules, unread };
}

/** Rules end in a comma; braces of profiles stand alone at the end or beginning of a line. */
function statementsOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/(^|\s)#(?!include).*$/, "$1").trim())
    .filter((line) => line !== "" && line !== "}" && !/\{\s*$/.test(line) && !/^abi\s/.test(line))
    .map((line) => line.replace(/,$/, "").trim());
}

function ruleOf(statement: string): Rule | undefined {
  const plain = statement.replace(PREFIXES, "");
  // What is denied is not permitted: a contour cannot confirm it.
  if (/^(?:deny|include|#include|profile|hat|change_profile|set|alias)\b/.test(plain)) return undefined;
  const network = /^(?:network|unix)\b(.*)$/.exec(plain);
  if (network) return networkRule(plain, network[1] ?? "");
  return fileRule(plain);
}

function networkRule(text: string, rest: string): Rule {
  const words = rest.match(/[a-z0-9]+/g) ?? [];
  const types = new Set(["stream", "dgram", "seqpacket", "raw", "rdm", "packet", "tcp", "udp"]);
  const family = text.startsWith("unix") ? "unix" : words.find((word) => !types.has(word));
  const type = words.find((word) => types.has(word));
  return { kind: "network", family, type: type === "tcp" ? "stream" : type === "udp" ? "dgram" : type, text };
}

function fileRule(statement: string): Rule | undefined {
  const text = statement
    .replace(/^file\s+/, "")
    .replace(/->.*$/, "")
    .trimEnd();
  const found = /^("(?:[^"\\]|\\.)*"|\S+)\s+(\S+)$/.exec(text);
  if (!found) return undefined;
  const [first, second] = [found[1] as string, found[2] as string];
  const [path, access] = ACCESS.test(second) ? [first, second] : ACCESS.test(first) ? [second, first] : [];
  if (path === undefined || access === undefined) return undefined;
  const whole = withVariables(path.replace(/^"|"$/g, ""));
  if (whole === undefined || !whole.startsWith("/")) return undefined;
  const uses = new Set([...access.replace(TRANSITIONS, "x")].flatMap((right) => usesOf[right] ?? []));
  return { kind: "file", pattern: PathPattern.apparmor(whole), uses, text: statement };
}

/** A pattern without variables; undefined if it has one that is not known. */
function withVariables(path: string): string | undefined {
  let text = path;
  for (const [name, value] of tunables) text = text.replaceAll(name, value);
  return text.includes("@{") ? undefined : text.replaceAll("//", "/");
}

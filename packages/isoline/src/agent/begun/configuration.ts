/**
 * Of the agent's configuration: which processes may begin a namespace for themselves.
 *
 *   begin:
 *     socket: /run/isoline-begin/socket    where they ask; for every user
 *     namespaces: 8                        of each user, at once
 *     itself: true                         whether a process may be inside itself, under the bpf sensor; false if left out
 *     points: 100000                       that one of them learns, at about; then it is sealed
 *     allow:                               one rule has to fit, with every part that it has
 *       - users: [web, 1001]
 *       - programs: [/usr/bin/appd]
 *         controlGroups: [/system.slice/appd.service]
 */
import { isAbsolute, normalize } from "node:path";
import { findUser } from "@isoline/linux";
import { assertKeys, number, type Table, table, wrong } from "../settings.ts";
import type { BeginRule } from "./rules.ts";

export interface BeginConfiguration {
  /** Absolute path. */
  readonly socket: string;
  /** Of each user, at once. */
  readonly namespaces: number;
  /** Whether a process may ask to be inside itself, under the bpf sensor. */
  readonly itself: boolean;
  /** What one of them may learn: then its learning ends. */
  readonly points: number;
  readonly allow: readonly BeginRule[];
}

export const BEGIN_SOCKET = "/run/isoline-begin/socket";
const NAMESPACES = 8;
const MOST_NAMESPACES = 256;
const POINTS = 100_000;
const MOST_POINTS = 10_000_000;
const MOST_LISTED = 1000;
/** The number after it means "do not change" to the kernel. */
const LAST_ID = 2 ** 32 - 2;

export function beginIn(source: Table, file: string): BeginConfiguration {
  assertKeys(source, ["socket", "namespaces", "itself", "points", "allow"], "begin", file);
  const { socket = BEGIN_SOCKET, namespaces = NAMESPACES, itself = false, points = POINTS, allow } = source;
  if (typeof socket !== "string" || !isAbsolute(socket)) throw wrong(file, "begin: socket", "an absolute path", socket);
  if (typeof itself !== "boolean") throw wrong(file, "begin: itself", "true or false", itself);
  return {
    ...{ socket, itself },
    namespaces: number(namespaces, "begin: namespaces", [1, MOST_NAMESPACES], file),
    points: number(points, "begin: points", [1, MOST_POINTS], file),
    allow: list(allow, "begin: allow", file).map((each) => ruleIn(table(each, "begin: allow", file), file)),
  };
}

/** A rule without parts would fit every process. */
function ruleIn(source: Table, file: string): BeginRule {
  assertKeys(source, ["users", "programs", "controlGroups"], "begin: allow", file);
  const { users, programs, controlGroups } = source;
  if (users === undefined && programs === undefined && controlGroups === undefined)
    throw wrong(file, "begin: allow", "users, programs or controlGroups in each rule", source);
  return {
    users: users === undefined ? undefined : list(users, "users", file).map((each) => userIn(each, file)),
    programs: programs === undefined ? undefined : list(programs, "programs", file).map((each) => placeIn(each, file)),
    controlGroups:
      controlGroups === undefined
        ? undefined
        : list(controlGroups, "controlGroups", file).map((each) => placeIn(each, file)),
  };
}

function list(value: unknown, key: string, file: string): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0 && value.length <= MOST_LISTED) return value as readonly unknown[];
  throw wrong(file, key, `a list of 1 to ${MOST_LISTED}`, value);
}

function userIn(value: unknown, file: string): number {
  if (typeof value === "number") return number(value, "users", [0, LAST_ID], file);
  const found = typeof value === "string" ? findUser(value)?.uid : undefined;
  if (found !== undefined) return found;
  throw wrong(file, "users", "names or numbers of users of this machine", value);
}

/** As the kernel shows it. */
function placeIn(value: unknown, file: string): string {
  if (typeof value === "string" && /^\/[^\n]+$/.test(value) && normalize(value) === value && !value.endsWith("/"))
    return value;
  throw wrong(file, "programs and controlGroups", "absolute paths without . and .., below /", value);
}

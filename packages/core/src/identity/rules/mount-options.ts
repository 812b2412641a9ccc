/**
 * The meaning of mount options, as far as needed to write them alike everywhere: which are paths, which are descriptors, which
 * are ids. Options are `key` or `key=value`. An option that is not listed is text and stays as it is.
 */
import type { IdKind } from "../launch.ts";

/** Sensors give the object behind the path, or `?unresolved:` and the path. */
const PATHS: ReadonlySet<string> = new Set([
  "lowerdir",
  "lowerdir+",
  "datadir",
  "datadir+",
  "upperdir",
  "workdir",
  "source",
  "device",
  "journal_path",
  "logdev",
  "rtdev",
]);
/** Sensors give the object behind the descriptor. */
const DESCRIPTORS: ReadonlySet<string> = new Set(["fd", "rfdno", "wfdno", "userns"]);
const IDS: ReadonlyMap<string, IdKind> = new Map([
  ["uid", "uid"],
  ["gid", "gid"],
  ["user_id", "uid"],
  ["group_id", "gid"],
]);

export function isPathOption(key: string): boolean {
  return PATHS.has(key);
}

export function isDescriptorOption(key: string): boolean {
  return DESCRIPTORS.has(key);
}

/** Key and value of an option; an option without `=` has no value. */
export function keyAndValue(option: string): readonly [key: string, value: string | undefined] {
  const end = option.indexOf("=");
  return end < 0 ? [option, undefined] : [option.slice(0, end), option.slice(end + 1)];
}

/** An option with its value levelled. */
export function levelOption(
  option: string,
  path: (path: string) => string,
  id: (id: string, kind: IdKind) => string,
  text: (text: string) => string,
): string {
  const [key, value] = keyAndValue(option);
  if (value === undefined) return text(option);
  const kind = IDS.get(key);
  if (kind !== undefined) return `${key}=${id(value, kind)}`;
  const isPath = PATHS.has(key) || DESCRIPTORS.has(key);
  return `${text(key)}=${isPath ? path(value) : text(value)}`;
}

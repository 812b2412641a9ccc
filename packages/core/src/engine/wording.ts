/** Formats lists, changed values and digests for the line that explains a departure. */
import { capabilityPhrase } from "../event/capabilities.ts";
import { filePhrase, modePhrase } from "../event/phrase.ts";
import { formatId } from "../event/text.ts";
import type { Difference } from "./similarity.ts";

const MAX_LISTED = 3;

export function listed(items: readonly string[]): string {
  const more = items.length - MAX_LISTED;
  const shown = more > 0 ? [...items.slice(0, MAX_LISTED), `${more} more`] : items;
  if (shown.length < 2) return shown.join("");
  return `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

export function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

const ACTOR_FIELDS = new Set([
  "actor uid",
  "euid",
  "suid",
  "fsuid",
  "actor gid",
  "egid",
  "sgid",
  "fsgid",
  "capabilities",
]);
const ID_FIELDS = new Set([...ACTOR_FIELDS, "uid", "gid", "owner", "group"]);

export function isActor({ field }: Difference): boolean {
  return ACTOR_FIELDS.has(field);
}

export function changePhrase({ field, learnt, now }: Difference): string {
  const change = `${valuePhrase(field, now)} (learnt: ${valuePhrase(field, learnt)})`;
  return field === "capabilities" ? change : `${field} ${change}`;
}

function valuePhrase(field: string, value: string | undefined): string {
  if (value === undefined) return "none";
  if (field === "mode") return filePhrase(Number(value));
  if (field === "to") return /^\d+$/.test(value) ? modePhrase(Number(value)) : value;
  if (field === "capabilities") return capabilityPhrase(BigInt(value));
  return ID_FIELDS.has(field) ? formatId(Number(value)) : value;
}

export function digestChange(learnt: string | undefined, now: string | undefined): string {
  return `sha256 ${shortDigest(now)}, learnt was ${shortDigest(learnt)}`;
}

export function shortDigest(digest: string | undefined): string {
  return digest === undefined ? "unknown" : `${digest.slice(0, 12)}…`;
}

/** Formats numbers and untrusted text for display. */
import { escapeText, isEscaped } from "@isoline/core/event";

const MAX_SHOWN = 2000;

/** `1 point`, `2 points`, `12 345 points`. */
export function counted(count: number, thing: string): string {
  return `${grouped(count)} ${thing}${count === 1 ? "" : thing.endsWith("s") ? "es" : "s"}`;
}

/** Digits in groups of three. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, " ");
}

/** Half an escape, or half a letter, at the end of what was cut. */
const HALF = /\\(?:x[0-9a-f]?)?$|[\ud800-\udbff]$/;

/** Text from a workload, a socket or a command line, escaped so that it cannot move a cursor or hide a letter. */
export function harmlessWhole(text: string): string {
  return text
    .split(" ")
    .map((word) => (isEscaped(word) ? word : escapeText(word)))
    .join(" ");
}

/** The same; a long one is cut, and says so. */
export function harmless(text: string): string {
  if (text.length <= MAX_SHOWN) return harmlessWhole(text);
  const kept = text.slice(0, MAX_SHOWN).replace(HALF, "");
  return `${harmlessWhole(kept)}… (${text.length - kept.length} more letters)`;
}

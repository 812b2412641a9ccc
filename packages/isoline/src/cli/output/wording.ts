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

/** Text from a workload, a socket or a command line, escaped so that it cannot move a cursor or hide a letter. */
export function harmless(text: string): string {
  const words = text.slice(0, MAX_SHOWN).split(" ");
  return words.map((word) => (isEscaped(word) ? word : escapeText(word))).join(" ");
}

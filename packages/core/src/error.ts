/**
 * Every refusal of the core, by code. `docs/errors.md` is generated from this table and must stay in step with it.
 */
export const coreErrors = {
  "bad-event": "An event, as text, JSON or bytes, is not one this version writes.",
  "bad-contour": "A contour file is damaged, truncated, tampered with, or not a contour file.",
  "bad-evidence":
    "An evidence file is damaged, or does not belong to its contour. Delete it: the contour works without.",
  "bad-policy": "A policy or lens file has an unknown key or an invalid value.",
  "bad-query": "A question to a contour has a word that is no operation, field or pattern.",
  "bad-trajectory": "A recorded event log is not in the given format.",
  "not-comparable":
    "Two contours were made under different lenses, profiles or bases, so their points cannot be compared.",
  unsigned: "A contour lacks a required signature: by a trusted key, over its present bytes, for this image.",
  "bad-signing-key": "A file that was given as a key for the signatures of contours contains no usable key.",
  sealed: "A point would have been added to a sealed contour.",
} as const;

/** The codes of the refusals of the core. */
export type CoreErrorCode = keyof typeof coreErrors;

/** Control characters, line separators, and characters that change the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * A refusal with a stable code. The message says what was expected, what came, and what to do.
 *
 * The message is always one printable line: it quotes hostile input and is read on terminals and in logs.
 *
 * @example
 * import { contours, IsolineError } from "isoline";
 *
 * await contours.read("missing.contour").catch((fault) => {
 *   console.log(fault instanceof IsolineError, fault.code);
 * });
 * // prints: true cannot-read
 */
export class IsolineError<Code extends string = CoreErrorCode> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: { cause?: unknown }) {
    super(message.replace(UNPRINTABLE, escaped), options);
    this.name = "IsolineError";
    this.code = code;
  }
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

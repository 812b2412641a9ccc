/** Formats an error: the message of a refusal; for an unforeseen error also its position in the code. */
import { IsolineError } from "@isoline/core/error";

export function asRefusal(fault: unknown): string {
  if (fault instanceof IsolineError) return fault.message;
  const text = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
  return `this should not have happened, please report it: ${text}`;
}

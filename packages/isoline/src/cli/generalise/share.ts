/** A share as a person writes it, and what came back when rules were deleted. */
import type { Restored } from "@isoline/core/generalise";
import { note } from "../output/streams.ts";
import { counted } from "../output/wording.ts";
import { usage } from "../refusal.ts";

/** `5%` or `0.05`. */
export function shareOf(text: string): number {
  const found = /^(\d{1,3}(?:\.\d{1,4})?)\s*(%?)$/.exec(text.trim());
  const share = found ? Number(found[1]) / (found[2] === "%" ? 100 : 1) : Number.NaN;
  if (!(share >= 0 && share <= 1))
    throw usage(`expected a share of runs such as 5% or 0.05, got ${JSON.stringify(text)}`);
  return share;
}

/** Says which acts came back because the line of their rule was deleted. */
export function sayRestored({ dropped, returned }: Restored): void {
  if (dropped === 0) return;
  const back =
    returned > 0
      ? `, and ${counted(returned, "act")} that it had replaced came back`
      : "; learn again what it stood for";
  note(`a rule was deleted from the policy: ${counted(dropped, "act")} of its classes left the contour${back}`);
}

/** Canisters that ended before a verifier was told of all that they did: they count once, and no evidence tells of them again. */
import { type Appraisal, type Check, type Ending, type Status, worst } from "@isoline/attest/appraise";

/** As a canister that did the same and still runs is judged. */
export function checkOf({ failure, why }: Ending): { readonly status: Status; readonly check: Check } {
  const isOff = failure === "off-contour";
  return {
    status: isOff ? "contraindicated" : "unverifiable",
    check: { name: isOff ? "trust" : "losses", outcome: "failed", failure, why },
  };
}

/** The status of an appraisal, with what ended: the worst of both. */
export const statusWith = ({ status, endings }: Pick<Appraisal, "status" | "endings">): Status =>
  worst([status, ...endings.map((ending) => checkOf(ending).status)]);

/** The processes of a canister that departed, as the records say for which the TPM vouches (docs/spec/ledger.md). */
import type { Ledger } from "@isoline/attest/register";
import type { DepartedProcesses } from "../store/index.ts";
import type { CanisterVerdict, Verdict } from "./verdict.ts";

/** No more are kept of a canister, the first ones; all of them are counted. */
const MOST_KEPT = 200;
/** A node may say any time; what is later than this cannot be written. */
const LAST_TIME = Date.UTC(9999, 0);
/** The supervisor does not know what it was. */
const UNKNOWN = "0".repeat(64);

/** By label, in the ledger that was judged; a canister is left out where its register was not checked, or was found wrong. */
export function departedIn(
  { canisters = [] }: Pick<Verdict, "canisters">,
  ledger: Ledger | undefined,
): ReadonlyMap<string, DepartedProcesses> {
  const proven = canisters.filter(isProven);
  if (ledger === undefined || proven.length === 0) return new Map();
  return new Map(
    proven.map(({ label, body }) => {
      const records = ledger.namespaces.get(body.register?.birth ?? -1)?.departures ?? [];
      const items = records.slice(0, MOST_KEPT).map(({ process, pid, at, point }) => {
        const digest = Buffer.from(point).toString("hex");
        return {
          process,
          pid,
          at: new Date(Math.min(at, LAST_TIME)).toISOString(),
          ...(digest !== UNKNOWN && { point: digest }),
        };
      });
      return [label, { total: records.length, items }] as const;
    }),
  );
}

const isProven = ({ body, links }: CanisterVerdict): boolean =>
  body.register !== undefined && links.some(({ name, state }) => name === "register" && state !== "failed");

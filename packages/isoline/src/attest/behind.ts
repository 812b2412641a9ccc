/** Whether a canister went on after its supervisor was asked, so that its body says less than the ledger, which is read later. */
import type { CanisterBody } from "@isoline/attest/evidence";
import type { Ledger } from "@isoline/attest/register";

type Body = Pick<CanisterBody, "register" | "mode" | "state" | "points" | "counters" | "incomplete">;

export function isBehind({ register, mode, state, points, counters, incomplete }: Body, ledger: Ledger): boolean {
  const facts = register && ledger.namespaces.get(register.birth);
  if (facts === undefined) return false;
  const { amendments, checkpoint, departures, losses, end } = facts;
  const amended = amendments.at(-1);
  return (
    end !== undefined ||
    departures.length > counters.departures ||
    new Set(departures.map(({ process }) => process)).size > counters.untrusted ||
    (losses.length > 0 && counters.lost === 0 && incomplete.length === 0) ||
    (amended !== undefined && mode !== "learning" && !Buffer.from(amended.state).equals(state)) ||
    (checkpoint !== undefined && (checkpoint.points > points || checkpoint.events > counters.events))
  );
}

/**
 * Runs whose supervisor ended without recording an end. Who finds that it is gone records a loss for one of these reasons, and then the end:
 * with what the records had until then. Nothing else may follow about such a run.
 */
import type { NamespaceFacts } from "./replay.ts";
import type { RecordOf } from "./record.ts";

const LOST = "its supervisor ended and recorded no end: what followed is not known";

/** Reasons of such a loss: where the register in the TPM holds what was recorded, and where it is gone or holds something else. */
export const lostSupervisor = {
  recorded: LOST,
  unproven: `${LOST}, and its register in the TPM does not hold what was recorded`,
} as const;

type Told = Pick<NamespaceFacts, "birth" | "departures" | "losses" | "amendments" | "checkpoint">;

/** The record that a run's supervisor is gone; undefined of a run of which none says so. */
export function lossOfSupervisor({ losses }: Pick<Told, "losses">): RecordOf<"loss"> | undefined {
  const last = losses.at(-1);
  return last !== undefined && isLossOfSupervisor(last) ? last : undefined;
}

export function isLossOfSupervisor({ reason }: Pick<RecordOf<"loss">, "reason">): boolean {
  return reason === lostSupervisor.recorded || reason === lostSupervisor.unproven;
}

/** When its supervisor recorded something last, in milliseconds since 1970: by then it had not ended. */
export function lastHeardOf({ birth, departures, losses, amendments, checkpoint }: Told): number {
  const own = losses.filter((loss) => !isLossOfSupervisor(loss));
  const told = [birth, departures.at(-1), own.at(-1), amendments.at(-1), checkpoint];
  return Math.max(...told.map((record) => record?.at ?? 0));
}

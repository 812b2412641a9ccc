/**
 * Runs whose supervisor ended without recording an end. A program that finds it gone records a loss for one of these reasons, and then the
 * end, with what the records had until then. Nothing else may follow about such a run.
 */
import type { RecordOf } from "./record.ts";

const LOST = "its supervisor ended and recorded no end: what followed is not known";

/** Reasons of such a loss: where the register in the TPM holds what was recorded, and where it is gone or holds something else. */
export const lostSupervisor = {
  recorded: LOST,
  unproven: `${LOST}, and its register in the TPM does not hold what was recorded`,
} as const;

interface Timed {
  readonly at: number;
}

/** The records of one run. */
interface Told {
  readonly birth: Timed;
  readonly departures: readonly Timed[];
  readonly losses: readonly RecordOf<"loss">[];
  readonly amendments: readonly Timed[];
  readonly checkpoint: Timed | undefined;
}

/** The record that a run's supervisor is gone; undefined of a run of which none says so. */
export function lossOfSupervisor({ losses }: Pick<Told, "losses">): RecordOf<"loss"> | undefined {
  const last = losses.at(-1);
  return last !== undefined && isLossOfSupervisor(last) ? last : undefined;
}

/** When its supervisor recorded something last, in milliseconds since 1970: by then it had not ended. */
export function lastHeardOf({ birth, departures, losses, amendments, checkpoint }: Told): number {
  const own = losses.filter((loss) => !isLossOfSupervisor(loss));
  const told = [birth, departures.at(-1), own.at(-1), amendments.at(-1), checkpoint];
  return Math.max(...told.map((record) => record?.at ?? 0));
}

function isLossOfSupervisor({ reason }: RecordOf<"loss">): boolean {
  return reason === lostSupervisor.recorded || reason === lostSupervisor.unproven;
}

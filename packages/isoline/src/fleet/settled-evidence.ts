/**
 * Evidence that is of one moment. Supervisors are asked before the ledger is read, and something may happen in between: a namespace whose
 * birth is recorded and whose socket is not there yet, a departure that is recorded and was not told. A verifier would take that for a
 * lie. So such evidence is made anew, for a while; what stays is not the moment's, and is sent as it is.
 */
import { type Evidence, readCanisterBody } from "@isoline/attest/evidence";
import { type Ledger, replayLedger } from "@isoline/attest/register";
import { AttestError } from "@isoline/attest/error";
import { sleep } from "./patience.ts";

const AGAIN_MS = 200;
const MOST_TRIES = 10;

/** `replayed` is what the bytes of a ledger say. */
export async function settledEvidence(
  make: () => Promise<Evidence>,
  signal: AbortSignal,
  replayed: (ledger: Uint8Array) => Ledger = replayLedger,
): Promise<Evidence> {
  for (let tries = 1; ; tries += 1) {
    const evidence = await make();
    if (tries >= MOST_TRIES || signal.aborted || isOfOneMoment(evidence, replayed)) return evidence;
    await sleep(AGAIN_MS, signal);
  }
}

function isOfOneMoment({ ledger: bytes, canisters }: Evidence, replayed: (ledger: Uint8Array) => Ledger): boolean {
  if (bytes === undefined) return true;
  const told = new Map(canisters.map(({ body }) => readCanisterBody(body)).map((body) => [body.register?.birth, body]));
  try {
    const { namespaces } = replayed(bytes);
    return [...namespaces].every(([birth, { departures, losses, end }]) => {
      const body = told.get(birth);
      if (end !== undefined) return body === undefined || body.ended !== undefined;
      if (body === undefined) return false;
      const isLossTold = losses.length === 0 || body.counters.lost > 0 || body.incomplete.length > 0;
      return body.counters.departures >= departures.length && isLossTold;
    });
  } catch (fault) {
    // The verifier says what is wrong with a ledger.
    if (fault instanceof AttestError) return true;
    throw fault;
  }
}

/** Asks the witnesses of a policy to sign what a log has signed, and shows it once enough have. */
import { type NoteSignature, signatureLine } from "../note/index.ts";
import { type LogPolicy, openWitnessed, whoSigned } from "../proof/index.ts";
import type { FetchTile } from "../tiles/index.ts";
import type { Log } from "../writer/index.ts";
import { askWitness } from "./ask.ts";
import { type KnownWitness, knownIn, notAsked, unasked, whyOf } from "./known.ts";

export interface Cosigned {
  /** The checkpoint with all signatures, if they are enough. */
  readonly checkpoint: string | undefined;
  /** Why the others did not sign, one line each. */
  readonly refusals: readonly string[];
}

export async function cosign(log: Log, fetch: FetchTile, policy: LogPolicy): Promise<Cosigned> {
  const { head, signed: noted } = log;
  const known = knownIn(policy);
  const asked = await Promise.allSettled(known.map((witness) => askWitness(witness, noted, fetch)));
  const signatures: NoteSignature[] = asked.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const refusals = asked.flatMap((one, at) =>
    one.status === "rejected" ? [whyOf(one.reason, known[at] as KnownWitness)] : [],
  );
  const signed = new Set(
    asked.flatMap((one, at) => (one.status === "fulfilled" ? [(known[at] as KnownWitness).key] : [])),
  );
  if (!policy.isEnough(signed)) {
    const why = `too few witnesses signed for the quorum of the policy (${whoSigned(policy, signed)})`;
    return { checkpoint: undefined, refusals: [...refusals, ...unasked(policy).map(notAsked), why] };
  }
  const checkpoint = noted + signatures.map(signatureLine).join("");
  try {
    openWitnessed(checkpoint, head.origin, policy);
  } catch (fault) {
    return { checkpoint: undefined, refusals: [...refusals, (fault as Error).message] };
  }
  await log.publish(head, signatures);
  return { checkpoint, refusals };
}

/** Asks the witnesses of a policy to sign what a log has signed, and shows it once enough have. */
import { type NoteSignature, signatureLine } from "../note/index.ts";
import { type LogPolicy, openWitnessed } from "../proof/index.ts";
import type { FetchTile } from "../tiles/index.ts";
import type { Log } from "../writer/index.ts";
import { askWitness } from "./ask.ts";

export interface Cosigned {
  /** The checkpoint with all signatures, if they are enough. */
  readonly checkpoint: string | undefined;
  /** Why the others did not sign, one line each. */
  readonly refusals: readonly string[];
}

export async function cosign(log: Log, fetch: FetchTile, policy: LogPolicy): Promise<Cosigned> {
  const { head, signed } = log;
  const known = [...policy.addresses].flatMap(([name, address]) => {
    const key = policy.witnesses.get(name);
    return key === undefined ? [] : [{ key, address }];
  });
  const asked = await Promise.allSettled(known.map((witness) => askWitness(witness, signed, fetch)));
  const signatures: NoteSignature[] = asked.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const refusals = asked.flatMap((one, at) =>
    one.status === "rejected" ? [whyOf(one.reason, known[at]?.address ?? "")] : [],
  );
  const checkpoint = signed + signatures.map(signatureLine).join("");
  try {
    openWitnessed(checkpoint, head.origin, policy);
  } catch (fault) {
    return { checkpoint: undefined, refusals: [...refusals, (fault as Error).message] };
  }
  await log.publish(head, signatures);
  return { checkpoint, refusals };
}

/** A fault of the network says little by itself. */
function whyOf(fault: unknown, address: string): string {
  const { message, cause } = fault as Error;
  return cause instanceof Error ? `the witness at ${address} cannot be reached: ${cause.message}` : message;
}

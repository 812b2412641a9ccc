/** The witnesses of a policy that may be asked, and why others were not, or did not answer. */
import { LogError } from "../error.ts";
import type { VerifierKey } from "../note/index.ts";
import type { LogPolicy } from "../proof/index.ts";

/** A witness that may be asked. */
export interface KnownWitness {
  readonly key: VerifierKey;
  /** What `add-checkpoint` is appended to. */
  readonly address: string;
}

export const knownIn = ({ witnesses, addresses }: LogPolicy): readonly KnownWitness[] =>
  [...addresses].flatMap(([name, address]) => {
    const key = witnesses.get(name);
    return key === undefined ? [] : [{ key, address }];
  });

/** The keys of the others: their lines have no address. */
export const unasked = ({ witnesses, addresses }: LogPolicy): readonly VerifierKey[] =>
  [...witnesses].flatMap(([name, key]) => (addresses.has(name) ? [] : [key]));

export const notAsked = ({ name }: VerifierKey): string =>
  `the witness ${name} was not asked: its line in the policy has no address`;

/** Why a witness gave nothing, in one line. A fault of the network does not say whose it is. */
export function whyOf(fault: unknown, { key, address }: KnownWitness): string {
  const { message, cause } = fault as Error;
  if (fault instanceof LogError) return message;
  return `the witness ${key.name} at ${address} cannot be reached: ${cause instanceof Error ? cause.message : message}`;
}

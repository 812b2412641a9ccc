/** From a key to a root that is trusted: which key signed which, when it is valid, and what was revoked. */
import { AttestError } from "../error.ts";
import { isEqual } from "./bytes.ts";
import { type Certificate, commonName } from "./certificate.ts";
import type { RevocationList } from "./revocation.ts";
import { isSignedBy } from "./signature.ts";

/** What a verifier trusts, and what may lead there. */
export interface ChainTrust {
  /** A chain ends at one of these. */
  readonly roots: readonly Certificate[];
  /** Certificates between a leaf and a root; nothing is believed because it is here. */
  readonly between: readonly Certificate[];
  readonly revocations: readonly RevocationList[];
  /** Which certificates must be covered by a list: all, those of authorities, or only those that a given list is about. */
  readonly covered: "all" | "authorities" | "as given";
}

/** Makers of chips have one authority between root and leaf. */
const MOST_LINKS = 4;

/**
 * The chain from a leaf to a trusted root, both included. Refuses one that leads elsewhere, and certificates that are out of their
 * time or revoked.
 */
export async function chainOf(leaf: Certificate, trust: ChainTrust, now: Date): Promise<readonly Certificate[]> {
  const chain = [leaf];
  for (let current = leaf; !isAmong(current, trust.roots); chain.push(current)) {
    if (chain.length > MOST_LINKS) throw untrusted(`its chain has more than ${MOST_LINKS} links`);
    const issuer = await issuerOf(current, trust, chain.length - 1);
    if (issuer === undefined)
      throw untrusted(`no trusted root leads to ${named(leaf)}; its chain ends at ${named(current)}`);
    current = issuer;
  }
  for (const each of chain) assertTime(each, now, `the certificate ${named(each)}`);
  for (const [index, certificate] of chain.slice(0, -1).entries())
    await assertNotRevoked(certificate, chain[index + 1] as Certificate, trust, now);
  return chain;
}

/** The first authority that has the name of the issuer, and whose key made the signature. */
async function issuerOf(certificate: Certificate, { roots, between }: ChainTrust, below: number) {
  for (const candidate of [...roots, ...between]) {
    const fits =
      candidate.isAuthority && candidate.pathLength >= below && isEqual(candidate.subject, certificate.issuer);
    if (fits && (await isSignedBy(candidate.key, certificate.scheme, certificate.signature, certificate.signed)))
      return candidate;
  }
  return undefined;
}

async function assertNotRevoked(certificate: Certificate, issuer: Certificate, trust: ChainTrust, now: Date) {
  const lists = trust.revocations.filter((list) => isEqual(list.issuer, issuer.subject));
  const mustBeCovered = trust.covered === "all" || (trust.covered === "authorities" && certificate.isAuthority);
  if (lists.length === 0 && mustBeCovered)
    throw untrusted(`no revocation list of ${named(issuer)} was given, so ${named(certificate)} may be revoked`);
  for (const list of lists) {
    const isItsList =
      issuer.maySignRevocations && (await isSignedBy(issuer.key, list.scheme, list.signature, list.signed));
    if (!isItsList) throw untrusted(`the revocation list of ${named(issuer)} is not signed by it`);
    assertTime(list, now, `the revocation list of ${named(issuer)}`);
    if (list.revoked.has(certificate.serial)) throw untrusted(`the certificate ${named(certificate)} is revoked`);
  }
}

/** Refuses what is not valid at that time. */
export function assertTime(
  { from, until }: { readonly from: Date; readonly until: Date },
  now: Date,
  what: string,
): void {
  if (!(now >= from && now <= until))
    throw untrusted(`${what} is valid from ${from.toISOString()} to ${until.toISOString()}, and it is ${said(now)}`);
}

const said = (time: Date) => (Number.isNaN(time.getTime()) ? "no time at all" : time.toISOString());

/** When the first of these is no longer valid. */
export function earliest(each: readonly { readonly until: Date }[]): Date {
  return new Date(Math.min(...each.map(({ until }) => until.getTime())));
}

const isAmong = (one: Certificate, certificates: readonly Certificate[]) =>
  certificates.some((each) => isEqual(each.der, one.der));

const named = ({ subject }: Certificate) => JSON.stringify(commonName(subject));

/** A report whose key no trusted maker stands for, or of a machine that is not accepted. `next` is what to do beside distrusting it. */
export function untrusted(why: string, next = "renew what is out of date"): AttestError {
  return new AttestError(
    "untrusted-tee",
    `the report of this machine is not trusted: ${why}; ${next}, or distrust the machine`,
  );
}

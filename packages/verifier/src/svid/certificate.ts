/**
 * A leaf certificate in the one form that an X.509-SVID has here (SPIFFE, X509-SVID, 3.1 and 4): no subject, one URI as its name, no
 * authority, for signatures alone, for both ends of TLS.
 */
import { type KeyObject, randomBytes, sign } from "node:crypto";
import { bitString, element, integer, octetString, oid, sequence, time, TRUE } from "./der.ts";

export interface Leaf {
  /** A SPIFFE id. */
  readonly id: string;
  /** SubjectPublicKeyInfo in DER. */
  readonly key: Uint8Array;
  readonly from: Date;
  readonly until: Date;
}

export interface Issuer {
  readonly key: KeyObject;
  readonly curve: "P-256" | "P-384";
  /** Its subject, as it is encoded. */
  readonly name: Uint8Array;
  /** The identifier of its key, if its certificate has one. */
  readonly keyIdentifier: Uint8Array | undefined;
}

/** ecdsa-with-SHA256 and -SHA384, without parameters (RFC 5758, 3.2). */
const schemes = {
  "P-256": { hash: "sha256", algorithm: sequence(oid("1.2.840.10045.4.3.2")) },
  "P-384": { hash: "sha384", algorithm: sequence(oid("1.2.840.10045.4.3.3")) },
} as const;

const VERSION_3 = element(0xa0, integer(Buffer.from([2])));
/** `cA` is false where it is left out, and DER leaves it out (RFC 5280, 4.2.1.9). */
const NO_AUTHORITY = extension("2.5.29.19", true, sequence());
/** digitalSignature: the first bit (RFC 5280, 4.2.1.3). */
const FOR_SIGNATURES = extension("2.5.29.15", true, bitString(Buffer.from([0x80]), 7));
/** id-kp-serverAuth and id-kp-clientAuth (RFC 5280, 4.2.1.12). */
const FOR_TLS = extension("2.5.29.37", false, sequence(oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.5.5.7.3.2")));
const SERIAL_BYTES = 16;

/** The certificate in DER. */
export function signedLeaf(leaf: Leaf, issuer: Issuer): Buffer {
  const { hash, algorithm } = schemes[issuer.curve];
  const body = sequence(
    VERSION_3,
    serialNumber(),
    algorithm,
    issuer.name,
    sequence(time(leaf.from), time(leaf.until)),
    sequence(),
    leaf.key,
    element(0xa3, sequence(...extensionsOf(leaf, issuer))),
  );
  return sequence(body, algorithm, bitString(sign(hash, body, issuer.key)));
}

function extensionsOf({ id }: Leaf, { keyIdentifier }: Issuer): Buffer[] {
  // Critical, since there is no subject (RFC 5280, 4.2.1.6).
  const name = extension("2.5.29.17", true, sequence(element(0x86, Buffer.from(id, "latin1"))));
  const signedBy = keyIdentifier && extension("2.5.29.35", false, sequence(element(0x80, keyIdentifier)));
  return [NO_AUTHORITY, FOR_SIGNATURES, FOR_TLS, name, ...(signedBy === undefined ? [] : [signedBy])];
}

function extension(identifier: string, isCritical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(identifier), ...(isCritical ? [TRUE] : []), octetString(value));
}

/** Random, positive, and always of one length (RFC 5280, 4.1.2.2). */
function serialNumber(): Buffer {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return integer(bytes);
}

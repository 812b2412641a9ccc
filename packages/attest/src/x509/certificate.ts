/** Certificates of X.509 version 3, as far as a chain of keys needs them (RFC 5280, 4). */
import { toHex } from "./bytes.ts";
import { bad, context, DerReader, type Element, oidOf, only, smallInteger, tags, timeOf, wholeBits } from "./der.ts";
import { type PublicKey, publicKeyIn, type SignatureScheme, schemeIn } from "./signature.ts";

export interface Extension {
  readonly isCritical: boolean;
  readonly value: Uint8Array;
}

/** Something that was signed: certificates and revocation lists alike. */
export interface Signed {
  /** The bytes that the signature is over. */
  readonly signed: Uint8Array;
  readonly scheme: SignatureScheme;
  readonly signature: Uint8Array;
}

export interface Certificate extends Signed {
  readonly der: Uint8Array;
  /** Hexadecimal, without zeros in front. */
  readonly serial: string;
  /** Names as they are encoded: they are compared byte by byte. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly from: Date;
  readonly until: Date;
  readonly key: PublicKey;
  readonly extensions: ReadonlyMap<string, Extension>;
  /** May sign certificates: basic constraints and key usage say so (RFC 5280, 4.2.1.3 and 4.2.1.9). */
  readonly isAuthority: boolean;
  /** Authorities that may stand between this one and the leaf. */
  readonly pathLength: number;
  readonly maySignRevocations: boolean;
}

/** Larger than any certificate of a maker of chips. */
const MOST_BYTES = 8192;
const MOST_EXTENSIONS = 64;
const BASIC_CONSTRAINTS = "2.5.29.19";
const KEY_USAGE = "2.5.29.15";
/** What this code understands. An extension that is critical and not among these makes a certificate unusable (RFC 5280, 4.2). */
const UNDERSTOOD: ReadonlySet<string> = new Set([BASIC_CONSTRAINTS, KEY_USAGE]);
/** Bits of a key usage, counted from the first (RFC 5280, 4.2.1.3). */
const KEY_CERT_SIGN = 5;
const CRL_SIGN = 6;
const COMMON_NAME = "2.5.4.3";

export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > MOST_BYTES) throw bad(`expected at most ${MOST_BYTES} bytes, got ${der.length}`);
  const { body, scheme, ...rest } = signedIn(der, "certificate");
  const version = body.take(context(0), "version");
  if (smallInteger(only(version.content, tags.integer, "version"), "version") !== 2) throw bad("expected version 3");
  const serial = serialOf(body.take(tags.integer, "serial number"));
  assertScheme(scheme, body.take(tags.sequence, "algorithm of a signature"));
  const issuer = body.take(tags.sequence, "issuer").whole;
  const validity = body.inside(tags.sequence, "validity");
  const from = timeOf(validity.any("validity"), "validity");
  const until = timeOf(validity.any("validity"), "validity");
  validity.end("validity");
  const subject = body.take(tags.sequence, "subject").whole;
  const key = publicKeyIn(body.take(tags.sequence, "key"));
  const listed = body.optional(context(3), "extensions");
  body.end("certificate");
  const extensions = listed === undefined ? new Map<string, Extension>() : extensionsIn(listed);
  return {
    ...rest,
    ...rightsOf(extensions),
    scheme: schemeIn(scheme),
    der,
    serial,
    issuer,
    subject,
    from,
    until,
    key,
    extensions,
  };
}

/** The common parts of what is signed: body, algorithm, signature. */
export function signedIn(der: Uint8Array, what: string) {
  const outer = new DerReader(only(der, tags.sequence, what).content);
  const { whole, content } = outer.take(tags.sequence, what);
  const scheme = outer.take(tags.sequence, "algorithm of a signature");
  const signature = wholeBits(outer.take(tags.bitString, "signature"), "signature");
  outer.end(what);
  return { body: new DerReader(content), signed: whole, scheme, signature };
}

/** The algorithm stands inside of what is signed and outside; a difference would let the outside be changed (RFC 5280, 4.1.1.2). */
export function assertScheme(outside: Element, inside: Element): void {
  if (toHex(outside.whole) !== toHex(inside.whole)) throw bad("it names two algorithms for its signature");
}

export function serialOf({ content }: Element): string {
  if (content.length === 0 || content.length > 21) throw bad("expected a serial number of at most 20 bytes");
  return toHex(content).replace(/^(?:00)+(?=..)/, "");
}

/** The extensions inside of an explicit tag. One that comes twice is refused (RFC 5280, 4.2). */
export function extensionsIn(listed: Element): Map<string, Extension> {
  const reader = new DerReader(only(listed.content, tags.sequence, "extensions").content);
  return extensionsOf(reader);
}

export function extensionsOf(reader: DerReader): Map<string, Extension> {
  const extensions = new Map<string, Extension>();
  while (!reader.isAtEnd) {
    const one = reader.inside(tags.sequence, "extension");
    const oid = oidOf(one.take(tags.oid, "extension"), "extension");
    const critical = one.optional(tags.boolean, "extension");
    if (critical !== undefined && toHex(critical.content) !== "ff") throw bad(`extension ${oid}: expected true`);
    const { content } = one.take(tags.octetString, "extension");
    one.end("extension");
    if (extensions.has(oid)) throw bad(`extension ${oid} comes twice`);
    if (extensions.size === MOST_EXTENSIONS) throw bad(`expected at most ${MOST_EXTENSIONS} extensions`);
    extensions.set(oid, { isCritical: critical !== undefined, value: content });
  }
  return extensions;
}

function rightsOf(extensions: ReadonlyMap<string, Extension>) {
  for (const [oid, { isCritical }] of extensions)
    if (isCritical && !UNDERSTOOD.has(oid)) throw bad(`its extension ${oid} is critical and unknown here`);
  const { isCa, pathLength } = constraintsIn(extensions.get(BASIC_CONSTRAINTS));
  const usage = extensions.get(KEY_USAGE);
  const may = (bit: number) => usage === undefined || hasBit(usage, bit);
  return { isAuthority: isCa && may(KEY_CERT_SIGN), pathLength, maySignRevocations: isCa && may(CRL_SIGN) };
}

function constraintsIn(extension: Extension | undefined) {
  if (extension === undefined) return { isCa: false, pathLength: 0 };
  const what = "basic constraints";
  const reader = new DerReader(only(extension.value, tags.sequence, what).content);
  const isCa = toHex(reader.optional(tags.boolean, what)?.content ?? Uint8Array.of(0)) === "ff";
  const length = reader.optional(tags.integer, what);
  reader.end(what);
  return { isCa, pathLength: length === undefined ? Number.POSITIVE_INFINITY : smallInteger(length, what) };
}

function hasBit({ value }: Extension, bit: number): boolean {
  const { content } = only(value, tags.bitString, "key usage");
  return ((content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0;
}

/** The common name of an encoded name, for comparisons with the ones that makers publish, and for messages. */
export function commonName(name: Uint8Array): string {
  const sets = new DerReader(only(name, tags.sequence, "name").content);
  let found = "";
  while (!sets.isAtEnd) {
    const pairs = sets.inside(tags.set, "name");
    while (!pairs.isAtEnd) {
      const pair = pairs.inside(tags.sequence, "name");
      const type = oidOf(pair.take(tags.oid, "name"), "name");
      const value = new TextDecoder().decode(pair.any("name").content.subarray(0, 128));
      pair.end("name");
      if (type === COMMON_NAME) found = value;
    }
  }
  return found;
}

/** What follows the first line ends is none, so that a flood of these is read once. */
const PEM = /-----BEGIN CERTIFICATE-----[\r\n]+([A-Za-z0-9+/=][A-Za-z0-9+/=\r\n]*)-----END CERTIFICATE-----/g;
const MOST_CERTIFICATES = 8;

/**
 * The certificates of a text in PEM (RFC 7468, 5), in its order. Anything around them but line ends, and a zero byte at the end, is
 * refused.
 */
export function parseCertificates(text: string): Certificate[] {
  const blocks = [...text.matchAll(PEM)];
  if (blocks.length === 0 || blocks.length > MOST_CERTIFICATES)
    throw bad(`expected one to ${MOST_CERTIFICATES} certificates in PEM, got ${blocks.length}`);
  const around = text.replaceAll(PEM, "").replace(/\0$/, "");
  if (/[^\r\n]/.test(around)) throw bad("something stands between the certificates of a text in PEM");
  return blocks.map(([, base64 = ""]) => parseCertificate(fromBase64(base64.replaceAll(/[\r\n]/g, ""))));
}

/** One text for each value: a second spelling of the same bytes is refused. */
function fromBase64(text: string): Uint8Array {
  try {
    const binary = atob(text);
    if (btoa(binary) === text) return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    // Refused below, as any other text that is no base64.
  }
  throw bad("its base64 cannot be read");
}

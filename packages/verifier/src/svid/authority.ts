/** The authority of a trust domain: it signs SVIDs, and shows the certificates that they lead to. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { DerReader, only, parseCertificate, tags } from "@isoline/attest/x509";
import { AttestError } from "@isoline/attest/error";
import { VerifierError } from "../error.ts";
import { type Issuer, signedLeaf } from "./certificate.ts";
import { type Named, spiffeId, TRUST_DOMAIN } from "./spiffe-id.ts";

export interface AuthoritySettings {
  readonly trustDomain: string;
  /** The private key, in PEM: ECDSA on P-256 or P-384. */
  readonly key: Uint8Array;
  /** Certificates in PEM. The first is that of the key; the others are trusted as well, while keys are changed. */
  readonly certificates: Uint8Array;
  /** An SVID is valid for at most so long. */
  readonly minutes: number;
}

export interface Svid {
  readonly id: string;
  /** PEM. */
  readonly certificate: string;
  readonly until: Date;
}

/** A SPIFFE bundle: a JWK set (SPIFFE, Trust Domain and Bundle, 4; X509-SVID, 6.1). Without a sequence number: verifiers share none. */
export interface SvidBundle {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
  readonly spiffe_refresh_hint: number;
}

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const MOST_CERTIFICATES = 8;
const KEY_IDENTIFIER = "2.5.29.14";
/** Clocks of those who check an SVID may run behind ours. */
const BEFORE_MS = 60_000;
const REFRESH_SECONDS = 300;
const CURVES = { prime256v1: "P-256", secp384r1: "P-384" } as const;

export class SvidAuthority {
  readonly bundle: SvidBundle;
  /** The certificates of the bundle, in PEM. */
  readonly anchors: string;
  readonly #trustDomain: string;
  readonly #issuer: Issuer;
  readonly #until: Date;
  readonly #minutes: number;

  private constructor({ trustDomain, minutes }: AuthoritySettings, key: KeyObject, all: readonly X509Certificate[]) {
    const own = all[0] as X509Certificate;
    this.#trustDomain = trustDomain;
    this.#minutes = minutes;
    this.#issuer = issuerOf(key, own);
    this.#until = new Date(own.validTo);
    this.anchors = all.map((one) => one.toString()).join("");
    this.bundle = { keys: all.map(keyInBundle), spiffe_refresh_hint: REFRESH_SECONDS };
  }

  /** Refuses with `bad-configuration` a key or certificates that could not issue SVIDs of this trust domain. */
  static open(settings: AuthoritySettings, now: Date): SvidAuthority {
    const { trustDomain } = settings;
    if (!TRUST_DOMAIN.test(trustDomain))
      throw unfit("trustDomain", "lower-case letters, digits, dots, dashes and underscores", trustDomain);
    const key = keyIn(settings.key);
    const all = certificatesIn(settings.certificates);
    for (const one of all) assertAnchor(one, trustDomain, now);
    if (!(all[0] as X509Certificate).checkPrivateKey(key))
      throw unfit("certificate", "the certificate of the key as the first", "one of another key");
    return new SvidAuthority(settings, key, all);
  }

  /** Valid from a minute ago until `until`, and for no longer than this authority and its settings permit. */
  issue(named: Named, key: Uint8Array, until: Date, now: Date): Svid {
    const id = spiffeId(this.#trustDomain, named);
    const ends = Math.min(until.getTime(), now.getTime() + this.#minutes * 60_000, this.#until.getTime());
    if (ends <= now.getTime())
      throw new VerifierError(
        "conflict",
        "the certificate of the authority of SVIDs has run out; replace svid.certificate",
      );
    const leaf = { id, key, from: new Date(now.getTime() - BEFORE_MS), until: new Date(ends) };
    const certificate = new X509Certificate(signedLeaf(leaf, this.#issuer));
    return { id, certificate: certificate.toString(), until: new Date(certificate.validTo) };
  }
}

function keyIn(pem: Uint8Array): KeyObject {
  try {
    const key = createPrivateKey(Buffer.from(pem));
    if (curveOf(key) !== undefined) return key;
  } catch {
    // Said below.
  }
  throw unfit("key", "a private key for ECDSA on P-256 or P-384, in PEM", "something else");
}

const curveOf = (key: KeyObject) => CURVES[key.asymmetricKeyDetails?.namedCurve as keyof typeof CURVES];

function certificatesIn(pem: Uint8Array): X509Certificate[] {
  const blocks = Buffer.from(pem).toString("latin1").match(PEM) ?? [];
  try {
    if (blocks.length > 0 && blocks.length <= MOST_CERTIFICATES) return blocks.map((one) => new X509Certificate(one));
  } catch {
    // Said below.
  }
  throw unfit("certificate", `one to ${MOST_CERTIFICATES} certificates in PEM`, "something else");
}

/** A root of this trust domain: an authority (X509-SVID, 3.2 and 4.1) that signed itself, so that what it issues leads to it alone. */
function assertAnchor(one: X509Certificate, trustDomain: string, now: Date): void {
  if (!parsed(one).isAuthority) throw unfit("certificate", "an authority that may sign certificates", "another");
  if (!one.checkIssued(one) || !one.verify(one.publicKey))
    throw unfit("certificate", "roots, which signed themselves", "one that another authority signed");
  if (new Date(one.validTo) <= now) throw unfit("certificate", "valid ones", `one that ended on ${one.validTo}`);
  const names = (one.subjectAltName ?? "").split(", ").filter((name) => name.startsWith("URI:"));
  if (names.some((name) => name !== `URI:spiffe://${trustDomain}`))
    throw unfit("certificate", `no URI but spiffe://${trustDomain}`, names.join(", "));
}

function issuerOf(key: KeyObject, own: X509Certificate): Issuer {
  const { subject, extensions } = parsed(own);
  // RFC 5280, 4.1.2.4: an issuer has a name.
  if (new DerReader(only(subject, tags.sequence, "subject").content).isAtEnd)
    throw unfit("certificate", "a subject", "none; give it a common name");
  const identifier = extensions.get(KEY_IDENTIFIER);
  return {
    key,
    curve: curveOf(key) as Issuer["curve"],
    name: subject,
    keyIdentifier: identifier && only(identifier.value, tags.octetString, "key identifier").content,
  };
}

function parsed(one: X509Certificate) {
  try {
    return parseCertificate(one.raw);
  } catch (fault) {
    if (fault instanceof AttestError) throw unfit("certificate", "one that can be read", fault.message);
    throw fault;
  }
}

/** `kid` must not be set, and `x5c` has exactly this certificate (X509-SVID, 6.1). */
const keyInBundle = (one: X509Certificate) => ({
  ...one.publicKey.export({ format: "jwk" }),
  use: "x509-svid",
  x5c: [one.raw.toString("base64")],
});

const unfit = (member: string, expected: string, got: string) =>
  new VerifierError("bad-configuration", `svid.${member}: expected ${expected}, got ${got.slice(0, 200)}`);

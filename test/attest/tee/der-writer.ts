/** Writes DER, certificates and revocation lists, for a maker that exists only in tests. */
import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

type Bytes = Uint8Array;

function tlv(tag: number, ...parts: readonly Bytes[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const header = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...header]), content]);
}

export const sequence = (...parts: readonly Bytes[]) => tlv(0x30, ...parts);
export const octets = (bytes: Bytes) => tlv(0x04, bytes);
const context = (number: number, ...parts: readonly Bytes[]) => tlv(0xa0 | number, ...parts);
const bits = (bytes: Bytes, unused = 0) => tlv(0x03, Buffer.from([unused]), bytes);
const yes = tlv(0x01, Buffer.from([0xff]));
export const ia5 = (text: string) => tlv(0x16, Buffer.from(text));

export function integer(value: number | string): Buffer {
  const hex = typeof value === "string" ? value : value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, "hex");
  return tlv(0x02, ...((bytes[0] as number) >= 0x80 ? [Buffer.from([0])] : []), bytes);
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const arcs = [40 * first + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return tlv(0x06, Buffer.from(arcs));
}

function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14);
  return tlv(0x18, Buffer.from(`${digits}Z`));
}

const name = (commonName: string) => sequence(tlv(0x31, sequence(oid("2.5.4.3"), tlv(0x0c, Buffer.from(commonName)))));

const SHA384 = sequence(oid("2.16.840.1.101.3.4.2.2"), tlv(0x05));
const PSS = sequence(
  oid("1.2.840.113549.1.1.10"),
  sequence(context(0, SHA384), context(1, sequence(oid("1.2.840.113549.1.1.8"), SHA384)), context(2, integer(48))),
);
const ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const rsa = (): KeyPair => generateKeyPairSync("rsa", { modulusLength: 2048 });
export const onCurve = (namedCurve: "P-256" | "P-384"): KeyPair => generateKeyPairSync("ec", { namedCurve });

/** AMD signs with RSA-PSS and SHA-384, Intel with ECDSA and SHA-256. */
function signedBy({ privateKey }: KeyPair, body: (algorithm: Buffer) => Buffer): Buffer {
  const isRsa = privateKey.asymmetricKeyType === "rsa";
  const algorithm = isRsa ? PSS : ECDSA_SHA256;
  const signed = body(algorithm);
  const pss = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 };
  const signature = isRsa ? sign("sha384", signed, pss) : sign("sha256", signed, privateKey);
  return sequence(signed, algorithm, bits(signature));
}

export interface Authority {
  readonly name: string;
  readonly keys: KeyPair;
  readonly der: Buffer;
}

export interface CertificateForm {
  readonly subject: string;
  readonly serial?: number | string;
  readonly from?: Date;
  readonly until?: Date;
  readonly authority?: boolean;
  readonly pathLength?: number;
  readonly extensions?: readonly (readonly [oid: string, value: Bytes, isCritical?: boolean])[];
}

const LONG_AGO = new Date("2020-01-01T00:00:00Z");
const FAR_AHEAD = new Date("2055-01-01T00:00:00Z");

export function certificate(form: CertificateForm, keys: KeyPair, issuer: Pick<Authority, "name" | "keys">): Buffer {
  const {
    subject,
    serial = 7,
    from = LONG_AGO,
    until = FAR_AHEAD,
    authority = false,
    pathLength,
    extensions = [],
  } = form;
  const limits = authority ? [yes, ...(pathLength === undefined ? [] : [integer(pathLength)])] : [];
  const usage = bits(Buffer.from([authority ? 0x06 : 0x80]), authority ? 1 : 7);
  const all = [["2.5.29.19", sequence(...limits), true] as const, ["2.5.29.15", usage, true] as const, ...extensions];
  return signedBy(issuer.keys, (algorithm) =>
    sequence(
      context(0, integer(2)),
      integer(serial),
      algorithm,
      name(issuer.name),
      sequence(time(from), time(until)),
      name(subject),
      keys.publicKey.export({ type: "spki", format: "der" }),
      context(
        3,
        sequence(
          ...all.map(([id, value, isCritical = false]) =>
            sequence(oid(id), ...(isCritical ? [yes] : []), octets(value)),
          ),
        ),
      ),
    ),
  );
}

export function authority(form: CertificateForm, keys: KeyPair, issuer?: Authority): Authority {
  const signer = issuer ?? { name: form.subject, keys };
  return { name: form.subject, keys, der: certificate({ ...form, authority: true }, keys, signer) };
}

export interface ListForm {
  readonly from?: Date;
  readonly until?: Date;
  readonly revoked?: readonly (number | string)[];
  readonly extensions?: readonly (readonly [oid: string, value: Bytes, isCritical: boolean])[];
}

export function revocationList(form: ListForm, issuer: Pick<Authority, "name" | "keys">): Buffer {
  const { from = LONG_AGO, until = FAR_AHEAD, revoked = [], extensions = [] } = form;
  const entries = revoked.map((serial) => sequence(integer(serial), time(from)));
  const listed = extensions.map(([id, value, isCritical]) =>
    sequence(oid(id), ...(isCritical ? [yes] : []), octets(value)),
  );
  return signedBy(issuer.keys, (algorithm) =>
    sequence(
      integer(1),
      algorithm,
      name(issuer.name),
      time(from),
      time(until),
      ...(entries.length > 0 ? [sequence(...entries)] : []),
      ...(listed.length > 0 ? [context(0, sequence(...listed))] : []),
    ),
  );
}

export function pem(...certificates: readonly Bytes[]): string {
  return certificates
    .map((der) => {
      const lines =
        Buffer.from(der)
          .toString("base64")
          .match(/.{1,64}/g) ?? [];
      return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
    })
    .join("");
}

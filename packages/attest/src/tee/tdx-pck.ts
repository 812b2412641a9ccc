/** What Intel's certificate of a platform (PCK) says about it (Intel SGX PCK Certificate and CRL Profile, 1.4, section 1.3.5). */
import { type Certificate, DerReader, oidOf, only, smallInteger, tags, toHex, untrusted } from "../x509/index.ts";

const SGX = "1.2.840.113741.1.13.1";
const COMPONENTS = 16;

export interface Platform {
  /** Security versions of the 16 components of the SGX TCB. */
  readonly components: readonly number[];
  readonly pceSvn: number;
  /** Family, model, stepping, platform type and custom number: 6 bytes in hexadecimal. */
  readonly fmspc: string;
  /** The platform itself (PPID): 16 bytes in hexadecimal. */
  readonly ppid: string;
  /** Which provisioning enclave: 2 bytes in hexadecimal. */
  readonly pceId: string;
}

/** Refuses a certificate without Intel's extension: it is of something else than a platform. */
export function platformOf(pck: Certificate): Platform {
  const extension = pck.extensions.get(SGX);
  if (extension === undefined) throw untrusted("its certificate is not of a platform with SGX");
  const entries = entriesOf(only(extension.value, tags.sequence, "SGX extension").content, SGX);
  const tcb = entriesOf(contentOf(entries, "2", tags.sequence), `${SGX}.2`);
  const number = (arc: number) =>
    smallInteger({ ...empty, content: contentOf(tcb, `${arc}`, tags.integer) }, "PCK TCB");
  return {
    components: Array.from({ length: COMPONENTS }, (_, index) => number(index + 1)),
    pceSvn: number(COMPONENTS + 1),
    ppid: octets(entries, "1", 16),
    fmspc: octets(entries, "4", 6),
    pceId: octets(entries, "3", 2),
  };
}

const empty = { tag: tags.integer, whole: new Uint8Array() };

type Entries = ReadonlyMap<string, { readonly tag: number; readonly content: Uint8Array }>;

/** Pairs of an identifier below `prefix` and a value, by the last arc. */
function entriesOf(bytes: Uint8Array, prefix: string): Entries {
  const entries = new Map<string, { tag: number; content: Uint8Array }>();
  const reader = new DerReader(bytes);
  while (!reader.isAtEnd) {
    const pair = reader.inside(tags.sequence, "SGX extension");
    const oid = oidOf(pair.take(tags.oid, "SGX extension"), "SGX extension");
    const { tag, content } = pair.any("SGX extension");
    pair.end("SGX extension");
    const arc = oid.startsWith(`${prefix}.`) ? oid.slice(prefix.length + 1) : "";
    if (entries.has(arc)) throw untrusted(`its certificate says ${oid} twice`);
    entries.set(arc, { tag, content });
  }
  return entries;
}

function contentOf(entries: Entries, arc: string, tag: number): Uint8Array {
  const entry = entries.get(arc);
  if (entry?.tag !== tag) throw untrusted(`its certificate does not say ${SGX}…${arc}`);
  return entry.content;
}

function octets(entries: Entries, arc: string, size: number): string {
  const content = contentOf(entries, arc, tags.octetString);
  if (content.length !== size) throw untrusted(`its certificate has ${content.length} bytes for ${SGX}.${arc}`);
  return toHex(content);
}

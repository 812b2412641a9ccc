/**
 * The protocol of nscd, by which the C library asks for hosts, users and groups (glibc: nscd/nscd-client.h).
 *
 *   request    s32 version (2)   s32 type   s32 length   the key, with its NUL
 *   answer     s32 version       s32 found (1, 0; −1: not served)   then by type
 *
 * Only hosts are answered. What is not served the C library looks up by itself, as it would without nscd.
 */
const VERSION = 2;
const HEAD = 12;
/** MAXKEYLEN: nscd refuses longer keys. */
const MOST_KEY = 1024;
const types = { byName: 4, byName6: 5, addresses: 14 } as const;
/** They ask for a descriptor of shared memory with all answers (GETFDPW, GETFDGR, GETFDHST, GETFDSERV, GETFDNETGR). */
const descriptors: readonly number[] = [11, 12, 13, 18, 21];
const NOT_SERVED = -1;
/** netdb.h */
const HOST_NOT_FOUND = 1;
const [AF_INET, AF_INET6] = [2, 10];
/** The longest head of an answer that is not served: of a user. */
const LONGEST_HEAD = 36;
const MOST_ADDRESSES = 256;

/** What a lookup of the machine found: addresses of 4 or 16 bytes, and the name that the host calls itself by. */
export interface FoundHost {
  readonly addresses: readonly Uint8Array[];
  readonly canonical: string;
}

export interface HostRequest {
  readonly form: keyof typeof types;
  readonly name: string;
}

/**
 * A request for a host; `descriptor` for one that is answered with a descriptor, `other` for any other, `more` if it is not
 * whole, `bad` if it is no request.
 */
export function readRequest(bytes: Buffer): HostRequest | "descriptor" | "other" | "more" | "bad" {
  if (bytes.length < HEAD) return "more";
  const [version, type, length] = [bytes.readInt32LE(0), bytes.readInt32LE(4), bytes.readInt32LE(8)];
  if (version !== VERSION || length < 0 || length > MOST_KEY) return "bad";
  if (bytes.length < HEAD + length) return "more";
  if (bytes.length > HEAD + length) return "bad";
  if (descriptors.includes(type)) return "descriptor";
  const form = (Object.keys(types) as (keyof typeof types)[]).find((each) => types[each] === type);
  if (form === undefined) return "other";
  const name = nameIn(bytes.subarray(HEAD));
  return name === undefined ? "other" : { form, name };
}

/** A name of host letters, in lower case and without the last dot. Any other is left to the C library, and to its name servers. */
function nameIn(key: Buffer): string | undefined {
  if (key.at(-1) !== 0) return undefined;
  const text = key.toString("latin1", 0, key.length - 1);
  return /^(?=.{1,254}$)(?:[\w-]{1,63}\.)*[\w-]{1,63}\.?$/.test(text)
    ? text.toLowerCase().replace(/\.$/, "")
    : undefined;
}

/** "Not served": the C library goes on without nscd. */
export function notServed(): Buffer {
  const answer: Buffer = Buffer.alloc(LONGEST_HEAD);
  answer.writeInt32LE(VERSION, 0);
  answer.writeInt32LE(NOT_SERVED, 4);
  return answer;
}

/** The answer to a request; undefined for a host that was not found. */
export function hostAnswer({ form }: HostRequest, found: FoundHost | undefined): Buffer {
  if (form === "addresses") return addressesAnswer(found);
  return byNameAnswer(found, form === "byName" ? AF_INET : AF_INET6);
}

/** `ai_response_header`: version, found, s32 count, s32 bytes of addresses, s32 bytes of the name, s32 error; addresses, families, name. */
function addressesAnswer(found: FoundHost | undefined): Buffer {
  const each = bytesOf(found);
  if (found === undefined || each.length === 0) return words([VERSION, 0, 0, 0, 0, HOST_NOT_FOUND]);
  const addresses = Buffer.concat(each);
  const families = Buffer.from(each.map(({ length }) => (length === 4 ? AF_INET : AF_INET6)));
  const canonical = Buffer.from(`${found.canonical}\0`);
  const head = words([VERSION, 1, each.length, addresses.length, canonical.length, 0]);
  return Buffer.concat([head, addresses, families, canonical]);
}

/**
 * `hst_response_header`: version, found, s32 bytes of the name, aliases, family, bytes of an address, addresses, s32 error; then
 * name and addresses.
 */
function byNameAnswer(found: FoundHost | undefined, family: number): Buffer {
  const size = family === AF_INET ? 4 : 16;
  const each = bytesOf(found).filter(({ length }) => length === size);
  if (found === undefined || each.length === 0) return words([VERSION, 0, 0, 0, -1, -1, 0, HOST_NOT_FOUND]);
  const name = Buffer.from(`${found.canonical}\0`);
  return Buffer.concat([words([VERSION, 1, name.length, 0, family, size, each.length, 0]), name, ...each]);
}

function words(values: readonly number[]): Buffer {
  const bytes: Buffer = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeInt32LE(value, 4 * index));
  return bytes;
}

function bytesOf(found: FoundHost | undefined): readonly Uint8Array[] {
  return (found?.addresses ?? []).slice(0, MOST_ADDRESSES);
}

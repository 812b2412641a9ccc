/** Looks a host up as the C library does for any program: hosts file, name servers, and what else nsswitch.conf(5) names. */
import koffi from "koffi";
import { viewOf } from "./memory.ts";
import { AF_INET, AF_INET6 } from "./sock-diag.ts";

const libc = koffi.load(null);
const getaddrinfo = libc.func("getaddrinfo", "int", ["str", "void *", "void *", "void *"]);
const freeaddrinfo = libc.func("freeaddrinfo", "void", ["uint64"]);
const stringLength = libc.func("strnlen", "size_t", ["uint64", "size_t"]);

/** `struct addrinfo`: s32 flags, family, type, protocol; u32 length; pointers to the address, the name and the next. */
const INFO = { bytes: 48, address: 24, name: 32, next: 40 } as const;
const AI_CANONNAME = 2;
const SOCK_STREAM = 1;
const EAI_NONAME = -2;
const EAI_NODATA = -5;
const MOST_ADDRESSES = 256;
const LONGEST_NAME = 1025;

/** Addresses in order, of 4 or 16 bytes. `canonical` is the name that the host calls itself by. */
export interface HostAddresses {
  readonly addresses: readonly Uint8Array[];
  readonly canonical: string;
}

/**
 * Waits in a thread of Node's pool. `no-such-host` is the answer that there is none; undefined means that there was no answer in
 * as many milliseconds.
 */
export function lookUpHost(name: string, patience: number): Promise<HostAddresses | "no-such-host" | undefined> {
  const hints: Buffer = Buffer.alloc(INFO.bytes);
  hints.writeInt32LE(AI_CANONNAME, 0);
  hints.writeInt32LE(SOCK_STREAM, 8);
  const result: Buffer = Buffer.alloc(8);
  return new Promise((answered) => {
    const late = setTimeout(() => answered(undefined), patience);
    const resolve = (found: HostAddresses | "no-such-host" | undefined) => {
      clearTimeout(late);
      answered(found);
    };
    getaddrinfo.async(name, null, hints, result, (fault: unknown, status: number) => {
      if (fault !== null && fault !== undefined) resolve(undefined);
      else if (status === 0) resolve(addressesAt(result.readBigUInt64LE(0), name));
      else resolve(status === EAI_NONAME || status === EAI_NODATA ? "no-such-host" : undefined);
      // The call has written here: the buffers live until it has returned.
      hints.fill(0);
    });
  });
}

function addressesAt(first: bigint, asked: string): HostAddresses {
  const addresses: Uint8Array[] = [];
  let canonical = asked;
  for (let at = first; at !== 0n && addresses.length < MOST_ADDRESSES; ) {
    const info = Buffer.from(viewOf(at, INFO.bytes));
    const family = info.readInt32LE(4);
    const address = info.readBigUInt64LE(INFO.address);
    // `struct sockaddr_in`: the address at 4; `sockaddr_in6`: at 8.
    if (family === AF_INET) addresses.push(Uint8Array.from(Buffer.from(viewOf(address, 8)).subarray(4, 8)));
    if (family === AF_INET6) addresses.push(Uint8Array.from(Buffer.from(viewOf(address, 24)).subarray(8, 24)));
    const name = info.readBigUInt64LE(INFO.name);
    if (name !== 0n) canonical = textAt(name);
    at = info.readBigUInt64LE(INFO.next);
  }
  if (first !== 0n) freeaddrinfo(first);
  return { addresses, canonical };
}

function textAt(address: bigint): string {
  const length = Number(stringLength(address, LONGEST_NAME));
  return Buffer.from(viewOf(address, length)).toString("latin1");
}

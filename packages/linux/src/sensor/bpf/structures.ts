/** What user space writes to the maps and reads from them, laid out as in `bpf/record.h`; a test compares both. */

/** `struct namespace_state`: sizes and offsets in bytes. */
export const namespaceState = {
  bytes: 72,
  content: 8,
  bars: 12,
  processes: 16,
  live: 24,
  born: 32,
  lost: 40,
  deadline: 48,
  mounts: 56,
  network: 60,
  maps_overlay: 64,
} as const;

/** `struct label` */
export const LABEL_BYTES = 1024;

/** The part of `struct member` that is read or written here. */
export const member = {
  ...{ namespace_id: 0, identity: 4, process: 8, parent: 16 },
  ...{ by_key: 72, has_ended: 76, root: 88, mounts: 96, network: 100 },
} as const;

/** `struct default_action` */
export const defaultAction = { bytes: 20, namespace_id: 0, mode: 4, supervisor: 8, processors: 12, alone: 16 } as const;

/** `struct invitation` */
export const invitation = { bytes: 8, namespace_id: 0, supervisor: 4 } as const;

/** `struct held`, whose key is of two u32: the namespace, and the thread. */
export const held = { bytes: 32, since: 16, pid: 24 } as const;

/** `struct counters`, whose members are all u64, in this order. */
export const counterNames = ["seen", "decided_here", "sent_up", "lost", "refused"] as const;

/** `struct decided` */
export const decided = { bytes: 24, verdict: 0, next: 8, process: 12, times: 16 } as const;

/** `enum verdict` */
export const verdicts = { on: 1, off: 2, orphaned: 3 } as const;

/** `enum mode`: what becomes of an act that has not been decided. */
export const modes = { tell: 1, hold: 2, refuse: 3 } as const;

/** `enum versions`: for which files an open reports the version. The files of an exec are always reported with it. */
export const versionsOf = { run: 0, read: 1, opened: 2 } as const;

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** `struct shared_key` of a process */
export function barredKey(namespace: number, process: number): Buffer {
  const key = Buffer.alloc(24);
  key.writeUInt32LE(namespace, 0);
  key.writeBigUInt64LE(BigInt(process), 8);
  return key;
}

/** `struct ticket_key` */
export function ticketKey(namespace: number, tid: number, key: Buffer): Buffer {
  return Buffer.concat([u32(namespace), u32(tid), key]);
}

/** A verdict under a key of a table or of the tickets, and the identity that an exec leads to: `struct decided`. */
export function verdictBytes(key: Buffer, verdict: keyof typeof verdicts, next: number): Buffer {
  const bytes = Buffer.alloc(decided.bytes);
  bytes.writeBigUInt64LE(BigInt(verdicts[verdict]) ^ wordsOf(key), decided.verdict);
  bytes.writeUInt32LE(next >>> 0, decided.next);
  return bytes;
}

/** The same for a verdict that is given now, and valid once, for one process. */
export function onceBytes(key: Buffer, verdict: keyof typeof verdicts, next: number, handle: number): Buffer {
  const bytes = verdictBytes(key, verdict, next);
  bytes.writeUInt32LE(handle % 2 ** 32, decided.process);
  bytes.writeBigUInt64LE(process.hrtime.bigint(), decided.times);
  return bytes;
}

/** Whether a verdict that is valid once is for a process. */
export function isFor(entry: Buffer, handle: number): boolean {
  return entry.readUInt32LE(decided.process) === handle % 2 ** 32;
}

/** The verdict in an entry that was found under a key; undefined if the kernel has given the entry to another key meanwhile. */
export function verdictIn(entry: Buffer, key: Buffer): "on" | "off" | undefined {
  const verdict = entry.readBigUInt64LE(decided.verdict) ^ wordsOf(key);
  if (verdict === BigInt(verdicts.on)) return "on";
  return verdict === BigInt(verdicts.off) ? "off" : undefined;
}

/** The 64-bit words of a key, combined by exclusive or. */
function wordsOf(key: Buffer): bigint {
  let words = 0n;
  for (let at = 0; at < key.length; at += 8) words ^= key.readBigUInt64LE(at);
  return words;
}

/** What a boot leaves: the firmware's log and the kernel's list, with the digests that a TPM is extended by. */
import { createHash } from "node:crypto";

const u16 = (value: number) => Buffer.from(Uint16Array.of(value).buffer);
const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
export const sha256 = (...parts: readonly Uint8Array[]) =>
  Uint8Array.from(parts.reduce((sum, part) => sum.update(part), createHash("sha256")).digest());

interface Measured {
  readonly type?: number | undefined;
  readonly register: number;
  readonly digest: Uint8Array;
}

const header = Buffer.concat([
  ...[u32(0), u32(3), Buffer.alloc(20), u32(16 + 12 + 4 + 1)],
  ...[Buffer.from("Spec ID Event03\0"), u32(0), Buffer.from([0, 2, 0, 2]), u32(1), u16(11), u16(32), Buffer.alloc(1)],
]);

/** What firmware measures; EV_S_CRTM_VERSION if left out. */
export type Booting = readonly [register: number, what: string, type?: number];
const VERSION = 8;

/** A log in the crypto-agile form, SHA-256 alone (PC Client Platform Firmware Profile 1.06, 10). */
export function bootLogOf(events: readonly Booting[]) {
  const measured: Measured[] = events.map(([register, what]) => ({ register, digest: sha256(Buffer.from(what)) }));
  const records = events.map(([register, what, type = VERSION], index) =>
    Buffer.concat([
      u32(register),
      u32(type),
      u32(1),
      u16(11),
      measured[index]!.digest,
      u32(what.length),
      Buffer.from(what),
    ]),
  );
  return { log: Uint8Array.from(Buffer.concat([header, ...records])), measured };
}

/** The same log with events of root's at its end, by their digests. */
export function bootLogWith(log: Uint8Array, forged: readonly Measured[]): Uint8Array {
  const records = forged.map(({ register, digest, type = VERSION }) =>
    Buffer.concat([u32(register), u32(type), u32(1), u16(11), digest, u32(0)]),
  );
  return Uint8Array.from(Buffer.concat([log, ...records]));
}

/** Entries of template ima-ng, after boot_aggregate over registers 0 to 9. */
export function imaListOf(bootAggregate: Uint8Array, files: readonly string[]) {
  const field = (bytes: Uint8Array) => Buffer.concat([u32(bytes.length), bytes]);
  const entries = [
    ["boot_aggregate", bootAggregate] as const,
    ...files.map((name) => [name, sha256(Buffer.from(name))] as const),
  ];
  const datas = entries.map(([name, digest]) =>
    Buffer.concat([field(Buffer.concat([Buffer.from("sha256:\0"), digest])), field(Buffer.from(`${name}\0`))]),
  );
  const records = datas.map((data) =>
    Buffer.concat([u32(10), sha256(data), field(Buffer.from("ima-ng")), field(data)]),
  );
  return {
    list: Uint8Array.from(Buffer.concat(records)),
    measured: datas.map((data): Measured => ({ register: 10, digest: sha256(data) })),
  };
}

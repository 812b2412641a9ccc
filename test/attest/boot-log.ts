/** Logs of measured boot as a machine keeps them: recorded ones, and any events in the crypto-agile form. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { type BootEvent, parseBootLog, replayBootLog } from "../../packages/attest/src/boot/index.ts";

const recorded = new URL("../../../shared/vectors/ima/", import.meta.url);
export const needsRecorded = !existsSync(recorded);

const u16 = (value: number) => Buffer.from(Uint16Array.of(value).buffer);
const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
export const sha256 = (...parts: readonly Uint8Array[]) =>
  Uint8Array.from(parts.reduce((sum, part) => sum.update(part), createHash("sha256")).digest());

/** The log of a machine that was recorded: of SeaBIOS, or of OVMF. */
export const recordedLog = (machine: "capture" | "ovmf"): Uint8Array =>
  Uint8Array.from(readFileSync(new URL(`${machine}/binary_bios_measurements`, recorded)));

/** An event whose digest is that of its content, unless it is given. */
export const eventOf = (pcr: number, type: number, data: string | Uint8Array, digest?: Uint8Array): BootEvent => {
  const bytes = Uint8Array.from(Buffer.from(data));
  return { pcr, type, digests: { sha256: digest ?? sha256(bytes) }, data: bytes };
};

/** The events behind the header of a log. */
export const eventsIn = (log: Uint8Array): readonly BootEvent[] => parseBootLog(log).events.slice(1);

const ALGORITHMS = { sha1: [4, 20], sha256: [11, 32], sm3: [18, 32] } as const;

/** A log with these events. Digests of other banks than SHA-256 are of no account, and made up where an event has none. */
export function logOf(
  events: readonly BootEvent[],
  banks: readonly (keyof typeof ALGORITHMS)[] = ["sha256"],
): Uint8Array {
  const sizes = banks.map((bank) => ALGORITHMS[bank]);
  const specification = [
    ...[Buffer.from("Spec ID Event03\0"), u32(0), Buffer.from([0, 2, 0, 2]), u32(banks.length)],
    ...[...sizes.flatMap(([number, size]) => [u16(number), u16(size)]), Buffer.alloc(1)],
  ];
  const header = Buffer.concat(specification);
  const records = events.map(({ pcr, type, digests, data }) => {
    const told = sizes.flatMap(([number, size]) => [
      u16(number),
      (number === ALGORITHMS.sha256[0] ? digests.sha256 : undefined) ?? Buffer.alloc(size, 7),
    ]);
    return Buffer.concat([u32(pcr), u32(type), u32(banks.length), ...told, u32(data.length), data]);
  });
  return Uint8Array.from(Buffer.concat([u32(0), u32(3), Buffer.alloc(20), u32(header.length), header, ...records]));
}

const ZEROS = new Uint8Array(32);

/** Registers 0 to 15 that a TPM has after these events. */
export function registersAfter(log: Uint8Array): Readonly<Record<number, Uint8Array>> {
  const replayed = replayBootLog(parseBootLog(log), "sha256");
  return Object.fromEntries(Array.from({ length: 16 }, (_, register) => [register, replayed.get(register) ?? ZEROS]));
}

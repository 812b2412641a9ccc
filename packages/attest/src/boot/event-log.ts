/**
 * The event log that firmware keeps of what it measured: parsed, and replayed to the registers that a quote must show.
 *
 * Sources: TCG PC Client Platform Firmware Profile 1.06, chapter 10 (structures, little endian); the crypto-agile form begins with
 * one event in the SHA-1 form, which says which algorithms follow. The kernel exports it as binary_bios_measurements.
 */
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { AttestError } from "../error.ts";
import { algorithms, type HashName, hashes } from "../tpm/constants.ts";
import { hashOf } from "../tpm/hash.ts";

export interface BootEvent {
  readonly pcr: number;
  /** TCG_EVENTTYPE; `typeName` names it. */
  readonly type: number;
  /** One digest for each algorithm of the log. */
  readonly digests: Readonly<Partial<Record<HashName, Uint8Array>>>;
  /** What was measured, or a description of it, by the type. */
  readonly data: Uint8Array;
}

export interface BootLog {
  readonly events: readonly BootEvent[];
  readonly algorithms: readonly HashName[];
}

/** 10.4.1, table 27. */
const eventTypes: Readonly<Record<number, string>> = {
  0x0000_0001: "EV_POST_CODE",
  0x0000_0003: "EV_NO_ACTION",
  0x0000_0004: "EV_SEPARATOR",
  0x0000_0005: "EV_ACTION",
  0x0000_0006: "EV_EVENT_TAG",
  0x0000_0007: "EV_S_CRTM_CONTENTS",
  0x0000_0008: "EV_S_CRTM_VERSION",
  0x0000_0009: "EV_CPU_MICROCODE",
  0x0000_000a: "EV_PLATFORM_CONFIG_FLAGS",
  0x0000_000b: "EV_TABLE_OF_DEVICES",
  0x0000_000c: "EV_COMPACT_HASH",
  0x0000_000d: "EV_IPL",
  0x0000_000e: "EV_IPL_PARTITION_DATA",
  0x0000_000f: "EV_NONHOST_CODE",
  0x0000_0010: "EV_NONHOST_CONFIG",
  0x0000_0011: "EV_NONHOST_INFO",
  0x0000_0012: "EV_OMIT_BOOT_DEVICE_EVENTS",
  0x8000_0001: "EV_EFI_VARIABLE_DRIVER_CONFIG",
  0x8000_0002: "EV_EFI_VARIABLE_BOOT",
  0x8000_0003: "EV_EFI_BOOT_SERVICES_APPLICATION",
  0x8000_0004: "EV_EFI_BOOT_SERVICES_DRIVER",
  0x8000_0005: "EV_EFI_RUNTIME_SERVICES_DRIVER",
  0x8000_0006: "EV_EFI_GPT_EVENT",
  0x8000_0007: "EV_EFI_ACTION",
  0x8000_0008: "EV_EFI_PLATFORM_FIRMWARE_BLOB",
  0x8000_0009: "EV_EFI_HANDOFF_TABLES",
  0x8000_000a: "EV_EFI_PLATFORM_FIRMWARE_BLOB2",
  0x8000_000b: "EV_EFI_HANDOFF_TABLES2",
  0x8000_000c: "EV_EFI_VARIABLE_BOOT2",
  0x8000_000d: "EV_EFI_GPT_EVENT2",
  0x8000_0010: "EV_EFI_HCRTM_EVENT",
  0x8000_00e0: "EV_EFI_VARIABLE_AUTHORITY",
  0x8000_00e1: "EV_EFI_SPDM_FIRMWARE_BLOB",
  0x8000_00e2: "EV_EFI_SPDM_FIRMWARE_CONFIG",
  0x8000_00e3: "EV_EFI_SPDM_DEVICE_POLICY",
  0x8000_00e4: "EV_EFI_SPDM_DEVICE_AUTHORITY",
};

const typesByName = new Map(Object.entries(eventTypes).map(([number, name]) => [name, Number(number)]));

/** The name of a type of events; 0x and 8 digits for one that has none. */
export const typeName = (type: number): string => eventTypes[type] ?? `0x${type.toString(16).padStart(8, "0")}`;

/** The type of a name as `typeName` gives it; undefined for any other text. */
export function typeNamed(name: string): number | undefined {
  return /^0x[0-9a-f]{8}$/.test(name) ? Number(name) : typesByName.get(name);
}

/** The type of an event that tells something, and that no register is extended by. */
export const NO_ACTION = 3;
const SPEC_ID = utf8ToBytes("Spec ID Event03\0");
/** 10.4.5.3: the locality from which the first register was begun. */
const STARTUP_LOCALITY = utf8ToBytes("StartupLocality\0");
const REGISTERS = 24;
const MOST_BYTES = 2 ** 24;
const MOST_EVENTS = 2 ** 16;
const MOST_ALGORITHMS = 8;

const hashByNumber = new Map<number, HashName>(
  (Object.keys(hashes) as HashName[]).map((name) => [algorithms[name], name]),
);

/** Little-endian numbers and bytes, never beyond the end. */
class LogReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(length: number, what: string): Uint8Array {
    if (length > this.left) throw refused(`at byte ${this.#at}: expected ${length} bytes of ${what}, got ${this.left}`);
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  number(size: 1 | 2 | 4, what: string): number {
    return this.take(size, what).reduceRight((number, byte) => number * 256 + byte, 0);
  }
}

/** Reads a log in either form. Refuses one that is truncated, or that goes on behind its last event, with `bad-event-log`. */
export function parseBootLog(bytes: Uint8Array): BootLog {
  if (bytes.length > MOST_BYTES) throw refused(`expected at most ${MOST_BYTES} bytes, got ${bytes.length}`);
  const from = new LogReader(bytes);
  const first = readSha1Event(from);
  const agile = first.type === NO_ACTION && first.pcr === 0 && startsWith(first.data, SPEC_ID);
  const sizes = agile ? readAlgorithms(first.data) : undefined;
  const events = [first];
  while (from.left > 0) {
    if (events.length === MOST_EVENTS) throw refused(`expected at most ${MOST_EVENTS} events`);
    events.push(sizes ? readEvent(from, sizes) : readSha1Event(from));
  }
  return { events, algorithms: sizes ? namesIn(sizes) : ["sha1"] };
}

/** The registers that the events of a log lead to, by number: what a quote taken right after boot must show. */
export function replayBootLog({ events, algorithms: banks }: BootLog, hash: HashName): ReadonlyMap<number, Uint8Array> {
  const registers = new Map<number, Uint8Array>();
  const zero = new Uint8Array(hashes[hash]);
  let isExtended = false;
  for (const { pcr, type, digests, data } of events) {
    if (type === NO_ACTION) {
      if (pcr !== 0 || data.length !== STARTUP_LOCALITY.length + 1 || !startsWith(data, STARTUP_LOCALITY)) continue;
      // It would throw away what stands before it, which would then be in the log and not in the register.
      if (isExtended)
        throw refused("expected the locality of the start before any event of register 0, got it behind one");
      registers.set(0, begunFrom(zero, data[STARTUP_LOCALITY.length] as number));
      continue;
    }
    const digest = digests[hash];
    if (digest === undefined)
      throw new AttestError(
        "bad-event-log",
        `the log of measured boot has no ${hash} digests, but those of ${banks.join(", ") || "unknown algorithms"}; ` +
          "have the firmware keep that bank",
      );
    isExtended ||= pcr === 0;
    const value = registers.get(pcr) ?? zero;
    registers.set(pcr, hashOf(hash, value, digest));
  }
  return registers;
}

/** A register that the hardware begins from another locality starts with its number in the last byte. */
function begunFrom(zero: Uint8Array, locality: number): Uint8Array {
  const value = Uint8Array.from(zero);
  value[value.length - 1] = locality;
  return value;
}

/** TCG_PCR_EVENT (10.2.1). */
function readSha1Event(from: LogReader): BootEvent {
  const pcr = readRegister(from);
  const type = from.number(4, "an event's type");
  const sha1 = Uint8Array.from(from.take(hashes.sha1, "an event's digest"));
  return { pcr, type, digests: { sha1 }, data: readData(from) };
}

/** TCG_PCR_EVENT2 (10.2.2). */
function readEvent(from: LogReader, sizes: ReadonlyMap<number, number>): BootEvent {
  const pcr = readRegister(from);
  const type = from.number(4, "an event's type");
  const count = from.number(4, "the number of digests");
  if (count !== sizes.size) throw refused(`at byte ${from.at}: expected ${sizes.size} digests, got ${count}`);
  const digests: Partial<Record<HashName, Uint8Array>> = {};
  const seen = new Set<number>();
  for (let index = 0; index < count; index++) {
    const algorithm = from.number(2, "a digest's algorithm");
    const size = sizes.get(algorithm);
    if (size === undefined || seen.has(algorithm))
      throw refused(
        `at byte ${from.at}: expected one digest for each algorithm of the log, got 0x${algorithm.toString(16)}`,
      );
    seen.add(algorithm);
    const value = Uint8Array.from(from.take(size, "a digest"));
    const name = hashByNumber.get(algorithm);
    if (name !== undefined) digests[name] = value;
  }
  return { pcr, type, digests, data: readData(from) };
}

function readRegister(from: LogReader): number {
  const at = from.at;
  const pcr = from.number(4, "an event's register");
  // Events that nothing extends may name the register -1.
  if (pcr >= REGISTERS && pcr !== 0xffff_ffff)
    throw refused(`at byte ${at}: expected a register below ${REGISTERS}, got ${pcr}`);
  return pcr;
}

function readData(from: LogReader): Uint8Array {
  return Uint8Array.from(from.take(from.number(4, "the length of an event"), "an event"));
}

/** TCG_EfiSpecIDEvent (10.4.5.1): the algorithms of the log and the bytes of their digests, by number. */
function readAlgorithms(data: Uint8Array): ReadonlyMap<number, number> {
  const from = new LogReader(data);
  from.take(SPEC_ID.length + 8, "the header of the log");
  const count = from.number(4, "the number of algorithms");
  if (count === 0 || count > MOST_ALGORITHMS)
    throw refused(`expected 1 to ${MOST_ALGORITHMS} algorithms, got ${count}`);
  const sizes = new Map<number, number>();
  for (let index = 0; index < count; index++) {
    const algorithm = from.number(2, "an algorithm");
    const size = from.number(2, "the length of its digests");
    const name = hashByNumber.get(algorithm);
    if (sizes.has(algorithm) || size === 0 || size > 64 || (name !== undefined && hashes[name] !== size))
      throw refused(
        `expected algorithms with the lengths of their digests, got 0x${algorithm.toString(16)} with ${size}`,
      );
    sizes.set(algorithm, size);
  }
  return sizes;
}

const namesIn = (sizes: ReadonlyMap<number, number>): HashName[] =>
  [...sizes.keys()].map((number) => hashByNumber.get(number)).filter((name) => name !== undefined);

const startsWith = (bytes: Uint8Array, start: Uint8Array): boolean =>
  bytes.length >= start.length && start.every((byte, index) => byte === bytes[index]);

function refused(why: string): AttestError {
  return new AttestError("bad-event-log", `not a log of measured boot: ${why}; read it anew from the kernel`);
}

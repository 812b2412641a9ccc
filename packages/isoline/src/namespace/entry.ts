/**
 * The state in which isoline was started: what a workload would have inherited if it had been started instead.
 *
 * `bin/isoline` records it before Node runs (see there). Without that record, the present state is used.
 */
import { readFileSync } from "node:fs";
import type { Credentials } from "@isoline/linux";

export interface Entry {
  /** Raw `NAME=value` entries, in order. */
  readonly environment: readonly Uint8Array[];
  /** `sigset_t` of 8 bytes, little endian: bit N−1 is signal N. */
  readonly blocked: Uint8Array;
  readonly ignored: Uint8Array;
  /** Soft limit of open files; undefined for no limit or unknown. */
  readonly openFiles: number | undefined;
  /** Descriptors that were open. */
  readonly open: readonly number[];
  /** The user that the workload starts as, if another than this process's. */
  readonly user?: Credentials & { readonly name?: string };
}

const SHAPE =
  /^1;blocked=([0-9a-f]{0,16});ignored=([0-9a-f]{0,16});files=(\d+|unlimited|);environ=(\d{1,4}|-);open=([\d ]*)$/;

/** Reads the record of `bin/isoline` and removes it from this process's own environment. */
export function readEntry(): Entry {
  const noted = SHAPE.exec(process.env["ISOLINE_ENTRY"] ?? "");
  delete process.env["ISOLINE_ENTRY"];
  return {
    environment: splitAtZero(notedEnvironment(noted?.[4]) ?? withoutNotes(readFileSync("/proc/self/environ"))),
    blocked: signalSet(noted?.[1]),
    ignored: signalSet(noted?.[2]),
    openFiles: /^\d+$/.test(noted?.[3] ?? "") ? Number(noted?.[3]) : undefined,
    open: noted
      ? (noted[5] ?? "")
          .split(" ")
          .filter((word) => word !== "")
          .map(Number)
      : [0, 1, 2],
  };
}

/** The environment that was recorded in this many parts, which are removed from this process's own; undefined without a record. */
function notedEnvironment(parts: string | undefined): Buffer | undefined {
  if (parts === undefined || parts === "-") return undefined;
  const names = Array.from({ length: Number(parts) }, (_, index) => `ISOLINE_ENVIRON_${index + 1}`);
  const encoded = names.map((name) => process.env[name] ?? "").join("");
  for (const name of names) delete process.env[name];
  return Buffer.from(encoded, "base64");
}

/** The value of an environment variable, as the workload will see it. */
export function variable(entry: Entry, name: string): string | undefined {
  const start = `${name}=`;
  const found = entry.environment
    .map((bytes) => Buffer.from(bytes).toString("utf8"))
    .find((text) => text.startsWith(start));
  return found?.slice(start.length);
}

/** The last `count` arguments of this process as raw bytes: Node decodes them as UTF-8, which not every argument is. */
export function rawArguments(count: number): Uint8Array[] {
  return count === 0 ? [] : splitAtZero(readFileSync("/proc/self/cmdline")).slice(-count);
}

function splitAtZero(bytes: Buffer): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const zero = bytes.indexOf(0, start);
    const end = zero < 0 ? bytes.length : zero;
    parts.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return parts;
}

function withoutNotes(environ: Buffer): Buffer {
  const kept = splitAtZero(environ).filter((entry) => !Buffer.from(entry).toString("latin1").startsWith("ISOLINE_EN"));
  return Buffer.concat(kept.flatMap((entry) => [entry, Buffer.of(0)]));
}

/** /proc prints signal sets as one big-endian hexadecimal number. */
function signalSet(hex: string | undefined): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(`0x${hex || "0"}`));
  return bytes;
}

/** The logs of this machine that explain registers: of the firmware's measurements, and of the kernel's IMA. */
import { existsSync } from "node:fs";
import { parseBootLog } from "@isoline/attest/boot";
import { readBinaryList } from "../../integrity/list/read-binary.ts";
import { readRegular } from "../../store/bounded-file.ts";
import type { HostFiles } from "../host-files.ts";

/** A log that is there, with its entries; or why it cannot be used. */
export type LogFinding = { readonly entries: number; readonly bytes: number } | { readonly missing: string };

/** The largest log that evidence carries. */
const MOST_BOOT_LOG = 2 ** 24;
const MOST_IMA_LIST = 2 ** 28;

export function findBootLog({ bootLog }: HostFiles): LogFinding {
  if (!existsSync(bootLog))
    return { missing: "the kernel shows none: no TPM at boot, or firmware without measurements" };
  return entriesOf(bootLog, MOST_BOOT_LOG, (bytes) => parseBootLog(bytes).events.length);
}

export function findImaList({ imaList }: HostFiles): LogFinding {
  if (!existsSync(imaList)) return { missing: "the kernel has no IMA, or securityfs is not mounted" };
  return entriesOf(imaList, MOST_IMA_LIST, (bytes) => readBinaryList(bytes, "sha1").entries.length);
}

function entriesOf(path: string, most: number, count: (bytes: Buffer) => number): LogFinding {
  try {
    const bytes = readRegular(path, most, "a log");
    return { entries: count(bytes), bytes: bytes.length };
  } catch (fault) {
    return { missing: (fault as Error).message };
  }
}

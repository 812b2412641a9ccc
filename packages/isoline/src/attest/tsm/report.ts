/**
 * A report of the confidential virtual machine that this process runs in, from the kernel (Documentation/ABI/testing/configfs-tsm;
 * Linux 6.7, CONFIG_TSM_REPORTS; drivers/virt/coco of the kernel).
 *
 *   mkdir report/NAME · write privlevel, inblob · read outblob, auxblob, provider · compare generation · rmdir
 */
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { AttestError } from "@isoline/attest/error";
import { parseSnpReport, parseTdxQuote, REPORT_DATA_BYTES } from "@isoline/attest/tee";
import { Configfs, type ReportFiles } from "./configfs.ts";

/** The kernel's names of what makes reports. */
export type Provider = "sev_guest" | "tdx_guest";

export interface MachineReport {
  readonly provider: Provider;
  /** A SEV-SNP report, or a TDX quote. */
  readonly report: Uint8Array;
  /** The table of certificates that the host gave along (`parseCertificateTable`); empty without one. */
  readonly certificates: Uint8Array;
}

export interface ReportRequest {
  /** What the report is to be about: 64 bytes, from `reportData`. */
  readonly data: Uint8Array;
  /** The privilege level of SEV-SNP to ask at; the kernel's own if left out. */
  readonly level?: number;
  readonly files?: ReportFiles;
  /** How often a busy provider is asked, and how long to wait in between. */
  readonly tries?: number;
  readonly wait?: (milliseconds: number) => Promise<unknown>;
}

/** The kernel's limits: TSM_REPORT_OUTBLOB_MAX, and TSM_REPORT_PRIVLEVEL_MAX. */
const MOST_REPORT = 32 * 1024;
const MOST_CERTIFICATES = 64 * 1024;
const MOST_TEXT = 64;
const HIGHEST_LEVEL = 3;
/** A provider is busy while others ask, or while the host limits the rate: half a minute in all. */
const TRIES = 60;
const WAIT_MS = 500;
const TRY_AGAIN: ReadonlySet<string> = new Set(["EBUSY", "EAGAIN", "EWOULDBLOCK", "EINTR"]);

/**
 * Asks for a report about this data. Throws `tee-refused` where the kernel has no provider, gives no report in time, or gives one
 * about other data because another process wrote into the same request.
 */
export async function machineReport(request: ReportRequest): Promise<MachineReport> {
  const { data, level, files = new Configfs() } = request;
  if (data.length !== REPORT_DATA_BYTES)
    throw refused(`expected ${REPORT_DATA_BYTES} bytes of data, got ${data.length}`);
  const name = `isoline-${process.pid}-${randomBytes(8).toString("hex")}`;
  made(files, name);
  try {
    const before = generationOf(files, name);
    if (level !== undefined) setLevel(files, name, level);
    files.write(name, "inblob", data);
    const writes = level === undefined ? 1 : 2;
    const report = await outblob(files, name, request);
    const answer = { provider: providerOf(files, name), report, certificates: auxblob(files, name) };
    if (generationOf(files, name) !== before + writes) throw refused("another process wrote into the same request");
    assertAbout(answer, data);
    return answer;
  } catch (fault) {
    throw fault instanceof AttestError ? fault : refused(`the kernel answers ${codeOf(fault)}`, fault);
  } finally {
    files.remove(name);
  }
}

function made(files: ReportFiles, name: string): void {
  try {
    files.make(name);
  } catch (fault) {
    const why: Readonly<Record<string, string>> = {
      ENOENT: "this kernel has no reports (Linux 6.7, CONFIG_TSM_REPORTS), or configfs is not mounted",
      ENXIO: "this machine is not confidential, or its driver (sev-guest, tdx-guest) is not loaded",
      EACCES: "only root may ask",
    };
    throw refused(why[codeOf(fault)] ?? `the kernel answers ${codeOf(fault)}`, fault);
  }
}

/** A level below the floor is refused here, where the reason can be said. */
function setLevel(files: ReportFiles, name: string, level: number): void {
  const floor = Number(text(files, name, "privlevel_floor"));
  if (!Number.isInteger(level) || level < floor || level > HIGHEST_LEVEL)
    throw refused(`expected a privilege level from ${floor} to ${HIGHEST_LEVEL}, got ${level}`);
  files.write(name, "privlevel", new TextEncoder().encode(String(level)));
}

async function outblob(files: ReportFiles, name: string, { tries = TRIES, wait = pause }: ReportRequest) {
  for (let left = tries; ; left--) {
    try {
      const report = files.read(name, "outblob", MOST_REPORT);
      if (report.length > MOST_REPORT) throw refused(`expected a report of at most ${MOST_REPORT} bytes`);
      return report;
    } catch (fault) {
      if (fault instanceof AttestError || !TRY_AGAIN.has(codeOf(fault)) || left <= 1) throw fault;
      await wait(WAIT_MS);
    }
  }
}

/** The certificates of the host; a provider without any has no such attribute, or an empty one. */
function auxblob(files: ReportFiles, name: string): Uint8Array {
  try {
    const table = files.read(name, "auxblob", MOST_CERTIFICATES);
    if (table.length > MOST_CERTIFICATES) throw refused(`expected at most ${MOST_CERTIFICATES} bytes of certificates`);
    return table;
  } catch (fault) {
    if (codeOf(fault) === "ENOENT") return new Uint8Array();
    throw fault;
  }
}

function providerOf(files: ReportFiles, name: string): Provider {
  const provider = text(files, name, "provider");
  if (provider !== "sev_guest" && provider !== "tdx_guest")
    throw refused(`expected the provider sev_guest or tdx_guest, got ${JSON.stringify(provider)}`);
  return provider;
}

function generationOf(files: ReportFiles, name: string): number {
  const told = text(files, name, "generation");
  if (!/^\d{1,15}$/.test(told)) throw refused(`expected a generation, got ${JSON.stringify(told)}`);
  return Number(told);
}

const text = (files: ReportFiles, name: string, attribute: string) =>
  new TextDecoder().decode(files.read(name, attribute, MOST_TEXT)).trim();

/** The counter of writes would show a race; that the report is about this data proves that there was none. */
function assertAbout({ provider, report }: MachineReport, data: Uint8Array): void {
  const { reportData } = provider === "sev_guest" ? parseSnpReport(report) : parseTdxQuote(report);
  if (Buffer.compare(reportData, data) !== 0) throw refused("the report is about other data than was asked for");
}

const codeOf = (fault: unknown) => (fault as NodeJS.ErrnoException).code ?? String(fault);

function refused(why: string, cause?: unknown): AttestError {
  return new AttestError(
    "tee-refused",
    `no report of this machine: ${why}; run isoline attest doctor to see what this machine has`,
    { cause },
  );
}

/** Whether this machine is a confidential virtual machine, and can say so in a report that its processor's maker vouches for. */
import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { HostFiles } from "../host-files.ts";

export interface ConfidentialFinding {
  /** What makes the reports, as configfs-tsm names it: sev_guest, tdx_guest; null where there is none. */
  readonly provider: string | null;
  readonly detail: string;
}

/** Devices of a guest. A host that can run such machines has others. */
const GUESTS = { "sev-guest": "SEV-SNP", tdx_guest: "TDX" } as const;

export function findConfidential(files: HostFiles): ConfidentialFinding {
  const guest = Object.entries(GUESTS).find(([device]) => existsSync(join(files.devices, device)))?.[1];
  if (!existsSync(files.reports))
    return {
      provider: null,
      detail:
        guest === undefined
          ? "no confidential virtual machine"
          : `a ${guest} guest, but without configfs-tsm: mount configfs, or use a kernel from 6.7 on`,
    };
  const provider = providerIn(files.reports);
  if (provider === undefined)
    return { provider: null, detail: "the kernel has configfs-tsm, and no processor behind it that makes reports" };
  return { provider, detail: `reports by ${provider}${guest === undefined ? "" : `, a ${guest} guest`}` };
}

/** The kernel names the provider in every report, so one is begun and dropped. Without a provider it refuses to begin one. */
function providerIn(reports: string): string | undefined {
  const report = join(reports, `isoline-doctor-${process.pid}`);
  try {
    mkdirSync(report);
  } catch {
    return undefined;
  }
  try {
    return readFileSync(join(report, "provider"), "utf8").trim() || undefined;
  } catch {
    return undefined;
  } finally {
    rmdirSync(report);
  }
}

/** Where the kernel shows what this machine was booted with. A test gives another root. */
import { join } from "node:path";

export interface HostFiles {
  /** The log that firmware kept of what it measured. */
  readonly bootLog: string;
  /** The kernel's IMA measurement list. */
  readonly imaList: string;
  /** The same, with template digests of the SHA-256 bank: kernels from 6.10 on. */
  readonly imaListSha256: string;
  /** configfs-tsm: one folder for each report (Documentation/ABI/testing/configfs-tsm-report). */
  readonly reports: string;
  readonly processors: string;
  readonly devices: string;
}

export function hostFiles(root = "/"): HostFiles {
  return {
    bootLog: join(root, "sys/kernel/security/tpm0/binary_bios_measurements"),
    imaList: join(root, "sys/kernel/security/ima/binary_runtime_measurements"),
    imaListSha256: join(root, "sys/kernel/security/ima/binary_runtime_measurements_sha256"),
    reports: join(root, "sys/kernel/config/tsm/report"),
    processors: join(root, "proc/cpuinfo"),
    devices: join(root, "dev"),
  };
}

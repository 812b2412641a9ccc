/** Every refusal of this package, by code; `docs/errors.md` is generated from this table. */
import { IsolineError } from "@isoline/core/error";

export const linuxErrors = {
  "unsupported-kernel": "This kernel or architecture lacks something that the sensor requires.",
  "system-call-failed": "A system call that the sensor needs failed.",
  "sensor-lost": "The sensor failed and cannot deliver or answer events any more.",
  "launch-failed": "The workload could not be started.",
  "in-use": "What should be removed or taken over is used by a running namespace.",
  "bpf-unavailable":
    "The bpf sensor cannot be used here: libbpf, the right to load programs, or a feature of the kernel is missing.",
  "notes-damaged":
    "What the earlier supervisor of a behaviour namespace noted for the next one cannot be read, so the namespace cannot be taken over.",
  "bpf-kept":
    "The maps and programs of the bpf sensor were opened inside one of its namespaces, where no process may use them.",
} as const;

export type LinuxErrorCode = keyof typeof linuxErrors;

/** A refusal of the linux package. */
export class LinuxError extends IsolineError<LinuxErrorCode> {}

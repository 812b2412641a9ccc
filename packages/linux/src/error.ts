/** Every refusal of this package, by code; `docs/errors.md` is generated from this table. */
import { IsolineError } from "@isoline/core";

export const linuxErrors = {
  "unsupported-kernel": "This kernel or architecture lacks something the sensor cannot do without.",
  "system-call-failed": "A system call that the sensor needs failed.",
  "sensor-lost": "The sensor could not deliver or answer events any more.",
  "launch-failed": "The workload could not be started.",
  "in-use": "Something is still used by namespaces that live.",
  "bpf-unavailable":
    "The bpf sensor cannot be used here: libbpf, the right to load programs, or something of the kernel is missing.",
  "bpf-kept": "What the bpf sensor keeps for itself was asked for inside one of its namespaces, where nobody gets it.",
} as const;

export type LinuxErrorCode = keyof typeof linuxErrors;

/** A refusal of the linux package. */
export class LinuxError extends IsolineError<LinuxErrorCode> {}

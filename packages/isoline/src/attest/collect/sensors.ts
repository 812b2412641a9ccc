/** What is loaded into this kernel to observe, for the node body. */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { attachedPrograms, LinuxError } from "@isoline/linux";
import type { NodeBody } from "@isoline/attest/evidence";

type Sensors = NodeBody["sensors"];

const DOMAIN = "isoline program 1";
/** As many as a node body has space for. */
const MOST_LOADS = 7;
const MOST_PROGRAMS = 256;
const NO_PROGRAMS = { sensor: "seccomp", programs: [] } as const;
const UNTOLD = "which BPF programs are attached cannot be told: root alone was to fill the directory of their pins";

/**
 * The seccomp sensor loads one filter for each workload, which inherits it; it has no program to name. Of the bpf sensor each program
 * has SHA-256( "isoline program 1" ‖ the kernel's tag of its instructions ).
 */
export function sensorsHere(): { readonly sensors: Sensors; readonly losses: readonly string[] } {
  const loads = attachedHere();
  if (loads === undefined) return { sensors: [NO_PROGRAMS], losses: [UNTOLD] };
  const told = loads.slice(0, MOST_LOADS).map(({ load, programs }) => ({
    sensor: "bpf" as const,
    programs: programs
      .slice(0, MOST_PROGRAMS)
      .map(({ name, tag }) => ({ name: `${basename(load).slice(0, 24)}/${name}`.slice(0, 64), digest: digestOf(tag) })),
  }));
  const isCut = loads.length > MOST_LOADS || loads.some(({ programs }) => programs.length > MOST_PROGRAMS);
  return {
    sensors: [NO_PROGRAMS, ...told],
    losses: isCut ? ["more BPF programs are attached than evidence has space for"] : [],
  };
}

/** Undefined where another user may have changed what is found. */
function attachedHere(): ReturnType<typeof attachedPrograms> | undefined {
  try {
    return attachedPrograms();
  } catch (fault) {
    if (fault instanceof LinuxError) return undefined;
    throw fault;
  }
}

function digestOf(tag: string): Uint8Array {
  return Uint8Array.from(createHash("sha256").update(DOMAIN).update(Buffer.from(tag, "hex")).digest());
}

/**
 * Probes the bpf sensor: its requirements, and whether its programs really attach on this kernel. They are attached while no
 * task is in a namespace, so they do nothing, and are detached at once.
 */
import { existsSync } from "node:fs";
import { libbpf } from "../abi/libbpf.ts";
import { LinuxError } from "../error.ts";
import type { Attachment } from "../sensor/bpf/attachment.ts";
import { Load } from "../sensor/bpf/load.ts";
import { findObject } from "../sensor/bpf/object-file.ts";
import { kernelWords, skipping } from "../sensor/bpf/preemption.ts";
import { type Machine, isPrivileged } from "./machine.ts";
import type { Probe } from "./probe.ts";

/** The results: for each way to attach, "" if it works, or why it does not. */
export interface BpfTrial {
  readonly hasTypes: boolean;
  /** Why libbpf cannot be loaded; "" if it can. */
  readonly libbpf: string;
  readonly isCompiled: boolean;
  readonly isPrivileged: boolean;
  readonly attachments: Readonly<Record<Attachment, string>>;
  /** Why the programs are not called for each act, although they can be attached before it; undefined if they are. */
  readonly skips?: string | undefined;
}

const NOT_TRIED = "not tried";
const WATCHING = "it can learn and check, and cannot refuse";
/** Best first. */
const objects: readonly Attachment[] = ["lsm", "fmod_ret", "tracepoints"];

export function tryBpfPrograms(machine: Machine): BpfTrial {
  const library = libbpf();
  const found = {
    hasTypes: existsSync("/sys/kernel/btf/vmlinux"),
    libbpf: typeof library === "string" ? library : "",
    isCompiled: objects.every((attachment) => findObject(attachment) !== undefined),
    isPrivileged: isPrivileged(machine),
  };
  const isWorthTrying = found.hasTypes && found.libbpf === "" && found.isCompiled && found.isPrivileged;
  const trial = (attachment: Attachment) => (isWorthTrying ? tryAttachment(attachment) : NOT_TRIED);
  const lsm = trial("lsm");
  const fmod_ret = lsm === "" ? NOT_TRIED : trial("fmod_ret");
  const tracepoints = lsm === "" || fmod_ret === "" ? NOT_TRIED : trial("tracepoints");
  const before = lsm === "" ? "lsm" : fmod_ret === "" ? "fmod_ret" : "tracepoints";
  return { ...found, attachments: { lsm, fmod_ret, tracepoints }, skips: skipping(before, kernelWords()) };
}

function tryAttachment(attachment: Attachment): string {
  try {
    Load.try(attachment);
    return "";
  } catch (fault) {
    if (!(fault instanceof LinuxError)) throw fault;
    return fault.message;
  }
}

export function probeBpfPrograms(found: BpfTrial): readonly Probe[] {
  return [types(found), library(found), programs(found), attachment(found)];
}

function types({ hasTypes }: BpfTrial): Probe {
  return {
    part: "bpf",
    name: "kernel types (BTF)",
    works: hasTypes,
    required: true,
    detail: hasTypes ? "/sys/kernel/btf/vmlinux is there" : "/sys/kernel/btf/vmlinux is not there",
    needs: "CONFIG_DEBUG_INFO_BTF",
  };
}

function library({ libbpf: refusal }: BpfTrial): Probe {
  const works = refusal === "";
  return {
    part: "bpf",
    name: "libbpf",
    works,
    required: true,
    detail: works ? "libbpf.so.1 is there" : refusal,
    needs: "libbpf 1.0 or newer",
    ...(works ? {} : { fix: "install it (Debian: apt-get install libbpf1)" }),
  };
}

function programs({ isCompiled }: BpfTrial): Probe {
  return {
    part: "bpf",
    name: "BPF programs",
    works: isCompiled,
    required: true,
    detail: isCompiled ? "compiled" : "this copy of isoline was built without them",
    needs: "clang-19 and libbpf-dev when isoline is built",
    ...(isCompiled ? {} : { fix: "install both and run `npm run build`" }),
  };
}

/** What each way to attach guarantees: with the first two, the programs run before the call has an effect; with the last, afterwards. */
function attachment({ isPrivileged: may, attachments: { lsm, fmod_ret, tracepoints }, skips }: BpfTrial): Probe {
  const before = `called before the act, and ${skips === undefined ? "can refuse it" : `not used to refuse: ${skips}`}`;
  const works = lsm === "" || fmod_ret === "" || tracepoints === "";
  const fact = {
    part: "bpf",
    name: "attachment",
    works,
    required: true,
    needs: "root; a kernel that lets programs attach to its hooks (CONFIG_BPF_LSM, or trampolines) or tracepoints",
  } as const;
  const refuses = skips === undefined ? {} : { only: WATCHING };
  if (lsm === "") return { ...fact, ...refuses, detail: `as a security module (lsm/): ${before}` };
  if (fmod_ret === "")
    return {
      ...fact,
      ...refuses,
      detail: `by the return values of the security hooks (fmod_ret/), since bpf is not in lsm=: ${before}`,
    };
  if (works)
    return {
      ...fact,
      only: WATCHING,
      detail: "by tracepoints, since this kernel permits no program at its security hooks: called after the act",
    };
  if (!may) return { ...fact, detail: "not tried: only root may load programs", fix: "run isoline as root" };
  if (lsm === NOT_TRIED) return { ...fact, detail: "not tried: something above is missing" };
  return {
    ...fact,
    detail: `lsm/: ${lsm}; fmod_ret/: ${fmod_ret}; tracepoints: ${tracepoints}`,
    fix: "run another kernel: those of distributions have the features",
  };
}

/**
 * The bpf sensor, opened the best way that this machine allows: asked as a security module, or by the return value of the
 * function that asks all security modules; either way before anything happens. Where neither can be had it is told by
 * tracepoints what has happened, which is enough to learn and to watch, and not to refuse.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readlinkSync } from "node:fs";
import { fileSystemOf, mount } from "../../abi/mounts.ts";
import { LinuxError } from "../../error.ts";
import type { ModelMediator } from "../model-mediator.ts";
import { type Attachment, KernelHalf, type KernelHalfOptions } from "./kernel-half.ts";
import { BpfSensor } from "./sensor.ts";

/** Best first. */
const attachments: readonly Attachment[] = ["lsm", "fmod_ret", "tracepoints"];
const BPF_FS = "/sys/fs/bpf";
const BPF_FS_MAGIC = 0xcafe4a11;
/** The first pid namespace (include/linux/proc_ns.h, PROC_PID_INIT_INO). */
const FIRST_PID_NAMESPACE = "pid:[4026531836]";

export interface OpenedBpf {
  readonly sensor: BpfSensor;
  readonly half: KernelHalf;
  readonly attachment: Attachment;
}

/** Loads and attaches the kernel half for one namespace, decided about by `mediator`. */
export function openBpf(
  mediator: ModelMediator,
  options: { readonly bars: boolean; readonly ringSize?: number },
): OpenedBpf {
  if (readlinkSync("/proc/self/ns/pid") !== FIRST_PID_NAMESPACE)
    throw new LinuxError(
      "bpf-unavailable",
      "the bpf sensor tells processes by their numbers in the first pid namespace, and this process is in another; run isoline outside of the container",
    );
  const hold = mediator.mayRefuse;
  const { half, attachment } = loadBest(mediator.mayComeToRefuse, {
    ...options,
    mode: hold ? "hold" : "tell",
    readsContent: mediator.content === "read",
    supervisor: process.pid,
    pins: hold ? freshPins() : undefined,
  });
  return { half, attachment, sensor: new BpfSensor(half, mediator) };
}

function loadBest(
  refuses: boolean,
  options: Omit<KernelHalfOptions, "attachment">,
): { half: KernelHalf; attachment: Attachment } {
  const refusals: string[] = [];
  for (const attachment of attachments) {
    if (refuses && attachment === "tracepoints") throw cannotRefuse(refusals);
    try {
      return { half: KernelHalf.load({ ...options, attachment }), attachment };
    } catch (fault) {
      if (!(fault instanceof LinuxError)) throw fault;
      refusals.push(`${attachment}: ${fault.message}`);
    }
  }
  throw new LinuxError(
    "bpf-unavailable",
    `the bpf sensor cannot be used here (${refusals.join("; ")}); isoline doctor says more, and --sensor seccomp works without`,
  );
}

function cannotRefuse(refusals: readonly string[]): LinuxError {
  return new LinuxError(
    "bpf-unavailable",
    `refusing needs hooks that ask before something happens, and this kernel has only tracepoints, which tell of it afterwards (${refusals.join("; ")}); use --sensor seccomp to enforce or to react, or --sensor bpf without --enforce and with the reaction log`,
  );
}

/** A directory for links that nobody has used, on a bpf file system, which is mounted if it is not yet. */
function freshPins(): string {
  if (fileSystemOf(BPF_FS) !== BPF_FS_MAGIC) {
    mkdirSync(BPF_FS, { recursive: true });
    const result = mount("bpf", BPF_FS, "bpf", 0);
    if (result < 0)
      throw new LinuxError(
        "bpf-unavailable",
        `no bpf file system can be mounted at ${BPF_FS} (errno ${-result}); mount one: mount -t bpf bpf ${BPF_FS}`,
      );
  }
  return `${BPF_FS}/isoline/${process.pid}-${randomBytes(4).toString("hex")}`;
}

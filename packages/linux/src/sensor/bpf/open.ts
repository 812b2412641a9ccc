/**
 * The bpf sensor, attached in the best way that this machine allows: as a security module, or by the return value of the
 * function that asks all security modules. Both are called before an act happens. If neither is available, tracepoints report
 * acts afterwards: enough to learn and to watch, not to refuse.
 */
import { readlinkSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import type { Digest } from "@isoline/core/digest";
import { LinuxError } from "../../error.ts";
import type { NodeDigests } from "../files/node-digests.ts";
import type { ModelMediator } from "../model-mediator.ts";
import { SeenContent } from "./content.ts";
import { KernelNamespace, type KernelNamespaceOptions } from "./kernel-namespace.ts";
import type { Attachment } from "./attachment.ts";
import { isOfThisBuild } from "./load.ts";
import { kernelWords, skipping } from "./preemption.ts";
import { BpfSensor } from "./sensor.ts";

/** Best first. */
const attachments: readonly Attachment[] = ["lsm", "fmod_ret", "tracepoints"];
/** The first pid namespace (include/linux/proc_ns.h, PROC_PID_INIT_INO). */
const FIRST_PID_NAMESPACE = "pid:[4026531836]";

/** One point has several keys: other credentials, other versions of a file, other places with the same name. */
const KEYS_PER_POINT = 8;
const FEWEST_KEYS = 16_384;
const MOST_KEYS = 1_048_576;

/** Long enough to hash a large file on a slow disk. */
export const DEFAULT_HOLD_SECONDS = 30;

export interface OpenedBpf {
  readonly sensor: BpfSensor;
  readonly kernel: KernelNamespace;
  readonly attachment: Attachment;
  /** Whether a task may be held. */
  readonly holds: boolean;
  /** Reads files that the sensor will be asked about, by their paths. */
  readonly readAhead: (paths: readonly Buffer[]) => void;
}

export interface BpfOptions {
  /** A process that is not trusted may do nothing any more. */
  readonly bars: boolean;
  /** The points of the contour that is enforced, watched or extended. */
  readonly points: number;
  readonly ringSize?: number;
  /** How long an act without a verdict is held. With 0, an unknown act is refused at once as soon as the program runs. */
  readonly holdSeconds: number;
  readonly label: string;
  /** The root directory of a container, whose processes may have ended before their records are read. */
  readonly root?: string | undefined;
  /** Digests of files that were hashed earlier, by their versions. */
  readonly known?: readonly { readonly version: string; readonly digest: Digest }[] | undefined;
  /** Digests that other namespaces of this process share. */
  readonly shared?: NodeDigests | undefined;
  /** A namespace whose supervisor has ended, to be taken over; without it, a new one begins. */
  readonly adopt?: Orphaned | undefined;
}

/** A namespace, and the load that it is in. */
export interface Orphaned {
  readonly directory: string;
  readonly id: number;
}

/** Begins one namespace in the BPF programs, decided about by `mediator`. */
export function openBpf(mediator: ModelMediator, options: BpfOptions): OpenedBpf {
  if (readlinkSync("/proc/self/ns/pid") !== FIRST_PID_NAMESPACE)
    throw new LinuxError(
      "bpf-unavailable",
      "the bpf sensor tells processes by their numbers in the first pid namespace, and this process is in another; run isoline outside of the container",
    );
  const { points, holdSeconds, adopt, root, known = [], shared, ...more } = options;
  // Of a namespace that is taken over, the program runs already.
  const waits = holdSeconds > 0;
  const asked = {
    ...more,
    mode: mediator.mayRefuse ? (waits || adopt === undefined ? "hold" : "refuse") : "tell",
    versions: mediator.inspector?.active ? "opened" : mediator.content === "read" ? "read" : "run",
    supervisor: process.pid,
    holdSeconds: holdSeconds || DEFAULT_HOLD_SECONDS,
    isContainer: root !== undefined,
    keys: Math.min(MOST_KEYS, Math.max(FEWEST_KEYS, points * KEYS_PER_POINT)),
  } as const;
  if (root !== undefined && adopt === undefined && mediator.mayRefuse && availableParallelism() === 1)
    throw new LinuxError(
      "bpf-unavailable",
      "a container that the bpf sensor enforces needs two processors, and isoline may use only one: the kernel waits in place for verdicts about what its runtime does, and none can be decided meanwhile; use the seccomp sensor, or give isoline a second processor",
    );
  if (adopt?.directory.includes("/tracepoints-") && mediator.mayComeToRefuse) throw cannotRefuse([]);
  const { kernel, attachment } = adopt ? adoptAt(adopt, asked) : beginBest(mediator.mayComeToRefuse, asked);
  const isAsked = attachment !== "tracepoints";
  // The tracepoints tell of no mapping that is not executable.
  const content = new SeenContent(() => !isAsked || kernel.mapsOverlay);
  try {
    if (root !== undefined) content.noteRoot(root);
    for (const { version, digest } of known) content.know(version, digest);
    if (shared !== undefined) content.share(shared);
    const sensor = new BpfSensor(kernel, mediator, content, { waits, isAsked });
    if (adopt) sensor.adopt();
    sensor.adapt();
    const holds = mediator.mayComeToRefuse || (isAsked && (mediator.inspector?.active ?? false));
    return { kernel, attachment, holds, sensor, readAhead: (paths) => content.readAhead(paths) };
  } catch (fault) {
    content.close();
    kernel.leave();
    throw fault;
  }
}

/** The directory's name begins with how the load is attached. */
function adoptAt(
  { directory, id }: Orphaned,
  options: Omit<KernelNamespaceOptions, "attachment">,
): { kernel: KernelNamespace; attachment: Attachment } {
  const attachment = attachments.find((each) => basename(directory).startsWith(`${each}-`)) ?? "tracepoints";
  if (!isOfThisBuild(directory, attachment))
    throw new LinuxError(
      "bpf-unavailable",
      `expected programs of this build of isoline, got those of another in ${directory}: their records mean something else to this one; take the namespace over with the build that began it (isoline attach), or end its processes, or see isoline unpin`,
    );
  return { kernel: KernelNamespace.adopt(directory, id, { ...options, attachment }), attachment };
}

function beginBest(
  refuses: boolean,
  options: Omit<KernelNamespaceOptions, "attachment">,
): { kernel: KernelNamespace; attachment: Attachment } {
  const refusals: string[] = [];
  const words = kernelWords();
  for (const attachment of attachments) {
    if (refuses && attachment === "tracepoints") throw cannotRefuse(refusals);
    const why = refuses ? skipping(attachment, words) : undefined;
    if (why !== undefined) {
      refusals.push(`${attachment}: ${why}`);
      continue;
    }
    try {
      return { kernel: KernelNamespace.begin({ ...options, attachment }), attachment };
    } catch (fault) {
      // Inside a namespace of the sensor every other way would fail as well, so none is tried.
      if (!(fault instanceof LinuxError) || fault.code === "bpf-kept") throw fault;
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
    `refusing, and recording in a TPM beforehand, need hooks that ask before each act, and this kernel has only tracepoints for that, which tell of it afterwards${refusals.length > 0 ? ` (${refusals.join("; ")})` : ""}; use --sensor seccomp to enforce, to react, to appraise or with --tpm, or --sensor bpf without --enforce, with the reaction log, and with --ima-appraise log`,
  );
}

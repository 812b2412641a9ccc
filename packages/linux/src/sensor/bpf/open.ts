/**
 * The bpf sensor, opened the best way that this machine allows: asked as a security module, or by the return value of the
 * function that asks all security modules; either way before anything happens. Where neither can be had it is told by
 * tracepoints what has happened, which is enough to learn and to watch, and not to refuse.
 */
import { readlinkSync } from "node:fs";
import { basename } from "node:path";
import type { Digest } from "@isoline/core";
import { LinuxError } from "../../error.ts";
import type { ModelMediator } from "../model-mediator.ts";
import { SeenContent } from "./content.ts";
import { KernelNamespace, type KernelNamespaceOptions } from "./kernel-namespace.ts";
import type { Attachment } from "./attachment.ts";
import { BpfSensor } from "./sensor.ts";

/** Best first. */
const attachments: readonly Attachment[] = ["lsm", "fmod_ret", "tracepoints"];
/** The first pid namespace (include/linux/proc_ns.h, PROC_PID_INIT_INO). */
const FIRST_PID_NAMESPACE = "pid:[4026531836]";

/** A point is met under several keys: by other credentials, in other versions of a file, at other places of the same name. */
const KEYS_PER_POINT = 8;
const FEWEST_KEYS = 16_384;
const MOST_KEYS = 1_048_576;

/** Long enough to hash a large file on a slow disk. */
export const DEFAULT_HOLD_SECONDS = 30;

export interface OpenedBpf {
  readonly sensor: BpfSensor;
  readonly half: KernelNamespace;
  readonly attachment: Attachment;
  /** Whether a task may come to be held. */
  readonly holds: boolean;
  /** Reads files that the sensor will be asked about, by their paths. */
  readonly readAhead: (paths: readonly Buffer[]) => void;
}

export interface BpfOptions {
  /** A process that is not trusted may do nothing any more. */
  readonly bars: boolean;
  /** Points of the contour that is kept to or learnt further. */
  readonly points: number;
  readonly ringSize?: number;
  /** How long an act is held that has no verdict; with 0 what is unknown is refused at once, once a program runs. */
  readonly holdSeconds: number;
  readonly label: string;
  /** Where the root directory of a container lies, whose processes may be gone before they are heard of. */
  readonly root?: string | undefined;
  /** Digests of files that were hashed before, by their versions. */
  readonly known?: readonly { readonly version: string; readonly digest: Digest }[] | undefined;
  /** A namespace that has lost its supervisor, to be taken over; else one begins. */
  readonly adopt?: Orphaned | undefined;
}

/** Where a namespace is. */
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
  const { points, holdSeconds, adopt, root, known = [], ...more } = options;
  const asked = {
    ...more,
    mode: mediator.mayRefuse ? "hold" : "tell",
    versions: mediator.inspector?.active ? "opened" : mediator.content === "read" ? "read" : "run",
    supervisor: process.pid,
    holdSeconds: holdSeconds || DEFAULT_HOLD_SECONDS,
    isContainer: root !== undefined,
    keys: Math.min(MOST_KEYS, Math.max(FEWEST_KEYS, points * KEYS_PER_POINT)),
  } as const;
  if (adopt?.directory.includes("/tracepoints-") && mediator.mayComeToRefuse) throw cannotRefuse([]);
  const { half, attachment } = adopt ? adoptAt(adopt, asked) : beginBest(mediator.mayComeToRefuse, asked);
  const isAsked = attachment !== "tracepoints";
  const content = new SeenContent();
  if (root !== undefined) content.noteRoot(root);
  for (const { version, digest } of known) content.know(version, digest);
  const sensor = new BpfSensor(half, mediator, content, { waits: holdSeconds > 0, isAsked });
  sensor.adapt();
  if (adopt) sensor.adopt();
  const holds = mediator.mayComeToRefuse || (isAsked && (mediator.inspector?.active ?? false));
  return { half, attachment, holds, sensor, readAhead: (paths) => content.readAhead(paths) };
}

/** The directory's name begins with how the load is attached. */
function adoptAt(
  { directory, id }: Orphaned,
  options: Omit<KernelNamespaceOptions, "attachment">,
): { half: KernelNamespace; attachment: Attachment } {
  const attachment = attachments.find((each) => basename(directory).startsWith(`${each}-`)) ?? "tracepoints";
  return { half: KernelNamespace.adopt(directory, id, { ...options, attachment }), attachment };
}

function beginBest(
  refuses: boolean,
  options: Omit<KernelNamespaceOptions, "attachment">,
): { half: KernelNamespace; attachment: Attachment } {
  const refusals: string[] = [];
  for (const attachment of attachments) {
    if (refuses && attachment === "tracepoints") throw cannotRefuse(refusals);
    try {
      return { half: KernelNamespace.begin({ ...options, attachment }), attachment };
    } catch (fault) {
      // In a namespace of the sensor another way would only be tried in vain, and programs attached for nothing.
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
    `refusing needs hooks that ask before something happens, and this kernel has only tracepoints, which tell of it afterwards${refusals.length > 0 ? ` (${refusals.join("; ")})` : ""}; use --sensor seccomp to enforce, to react or to appraise, or --sensor bpf without --enforce, with the reaction log, and with --ima-appraise log`,
  );
}

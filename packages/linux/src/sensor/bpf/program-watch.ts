/**
 * Whether the kernel goes on calling the BPF programs.
 *
 * Root may remove their pins (`isoline unpin --force`), or switch off what calls all of them but those at tracepoints
 * (`kernel.ftrace_enabled`; kernel/trace/ftrace.c, ftrace_enable_sysctl). And a kernel that preempts a program does not call it for another
 * task of that processor (kernel/bpf/trampoline.c, __bpf_prog_enter_recur), unless the program is at a hook of a security module, since
 * Linux 6.2. It counts how often it did not.
 */
import { LinuxError } from "../../error.ts";
import { missesOf } from "../../libbpf/program.ts";
import { sendSignal } from "../../process/child.ts";
import { readProcFile } from "../../process/proc-file.ts";
import type { KernelNamespace } from "./kernel-namespace.ts";

const SIGKILL = 9;
const SWITCH = "/proc/sys/kernel/ftrace_enabled";
/** To ask about a hundred programs takes a good part of a millisecond, for each namespace. */
const ASK_EVERY_MS = 30_000;

export class ProgramWatch {
  readonly #kernel: KernelNamespace;
  readonly #isAsked: boolean;
  readonly #programs: readonly number[];
  #skipped: number;
  #next = 0;

  /** `isAsked`: the programs are called before acts happen, and not by tracepoints. */
  constructor(kernel: KernelNamespace, isAsked: boolean) {
    this.#kernel = kernel;
    this.#isAsked = isAsked;
    this.#programs = kernel.programs;
    this.#skipped = this.#count();
  }

  /** Throws `sensor-lost` if the programs are not called any more. */
  assertCalled(): void {
    const why = this.#kernel.isPinned ? this.#switchedOff() : "were taken out of the kernel (isoline unpin --force)";
    if (why === undefined) return;
    // Programs are detached one after the other: one that holds tasks may outlive the one that notes the supervisor's end.
    this.#kernel.abandon();
    throw new LinuxError(
      "sensor-lost",
      `the BPF programs ${why}: what the workload does is no longer seen, nor refused`,
    );
  }

  /** The workload runs, and the BPF programs saw no fork: they are not called for any of its acts. It is ended. */
  unnoticed(pid: number): LinuxError {
    sendSignal(pid, SIGKILL);
    return new LinuxError(
      "sensor-lost",
      "the programs are attached, and the kernel does not call them; the workload was ended. Use --sensor seccomp, and please report this",
    );
  }

  /** Whether it is time to ask how often programs were skipped. */
  get isDue(): boolean {
    return performance.now() > this.#next;
  }

  /** How often the kernel skipped a program since this was asked last: of this namespace or of another one. */
  newlySkipped(): number {
    const before = this.#skipped;
    this.#skipped = this.#count();
    return Math.max(0, this.#skipped - before);
  }

  #count(): number {
    this.#next = performance.now() + ASK_EVERY_MS;
    return this.#programs.reduce((sum, number) => sum + missesOf(number), 0);
  }

  #switchedOff(): string | undefined {
    return this.#isAsked && readProcFile(SWITCH)?.trim() === "0"
      ? `are not called any more, because kernel.ftrace_enabled was set to 0 (write 1 to ${SWITCH})`
      : undefined;
  }
}

/**
 * Whether the kernel preempts its own code. If it does so in the middle of a BPF program, it does not call that program for the next task
 * of that processor (kernel/bpf/trampoline.c, __bpf_prog_enter_recur): what has no program is not refused. Programs at the hooks of
 * security modules are exempt since Linux 6.2 (kernel/bpf/verifier.c, bpf_prog_check_recur).
 */
import { readFileSync } from "node:fs";
import { release, version } from "node:os";
import type { Attachment } from "./attachment.ts";

/** What a kernel says of itself; undefined what cannot be read. */
export interface KernelWords {
  /** `uname -r` */
  readonly release: string;
  /** `uname -v` */
  readonly version: string;
  /** /sys/kernel/debug/sched/preempt: all modes, the one that is set in parentheses. */
  readonly mode: string | undefined;
  /** /proc/cmdline */
  readonly commandLine: string | undefined;
  /** /boot/config-RELEASE */
  readonly config: string | undefined;
}

/** The first release that calls programs of security modules in any case. */
const EXEMPTS = [6, 2] as const;
const PREEMPTING: readonly string[] = ["full", "lazy"];

/** Each is read when it is needed: the last is long. */
export function kernelWords(): KernelWords {
  return {
    release: release(),
    version: version(),
    get mode() {
      return textOf("/sys/kernel/debug/sched/preempt");
    },
    get commandLine() {
      return textOf("/proc/cmdline");
    },
    get config() {
      return textOf(`/boot/config-${release()}`);
    },
  };
}

/** Why programs that are attached so are not called for each act; undefined where they are, or where the kernel does not say. */
export function skipping(attachment: Attachment, words: KernelWords): string | undefined {
  if (attachment === "tracepoints" || (attachment === "lsm" && isExempt(words.release))) return undefined;
  const how = preempting(words);
  if (how === undefined) return undefined;
  const instead = attachment === "lsm" ? "a kernel from 6.2 on" : "bpf among the security modules (lsm=)";
  return `the kernel preempts its own code (${how}), and does not call each program then; use ${instead}, or boot with preempt=voluntary`;
}

/** How it preempts itself, if it is known to. */
function preempting(words: KernelWords): string | undefined {
  const { version: about } = words;
  if (/\bPREEMPT_RT\b/.test(about)) return "PREEMPT_RT";
  const now = /\((\w+)\)/.exec(words.mode ?? "")?.[1];
  if (now !== undefined) return PREEMPTING.includes(now) ? `preempt=${now}` : undefined;
  if (!/\bPREEMPT_DYNAMIC\b/.test(about)) return /\bPREEMPT(_LAZY)?\b/.exec(about)?.[0];
  const asked = [...(words.commandLine ?? "").matchAll(/(?:^|\s)preempt=(\w+)/g)].at(-1)?.[1];
  if (asked !== undefined) return PREEMPTING.includes(asked) ? `preempt=${asked}` : undefined;
  return /^CONFIG_PREEMPT(_LAZY)?=y$/m.exec(words.config ?? "")?.[0];
}

function isExempt(text: string): boolean {
  const [major = 0, minor = 0] = text.split(".").map(Number);
  return major > EXEMPTS[0] || (major === EXEMPTS[0] && minor >= EXEMPTS[1]);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}

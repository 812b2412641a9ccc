/**
 * The seccomp filter: classic BPF that sends mediated calls to the supervisor and allows all others.
 *
 *   foreign architecture, x32 number, unknown number → notify (the sensor refuses and records it)
 *   seccomp() for a listener → EBUSY; without a program, EFAULT; with unknown flags (Linux 6.18), EINVAL
 *   otherwise a balanced binary search for the number → its condition → notify or allow
 *
 * The search loads only `nr` and `arch`, so the kernel's per-number cache (since 5.11) answers the unconditional "allow" of an
 * unmediated call without running the filter at all.
 */
import { EBUSY, EFAULT, EINVAL } from "../../../abi/errno.ts";
import {
  BPF_JA,
  BPF_JEQ,
  BPF_JGE,
  BPF_JSET,
  BPF_LD_W_ABS,
  BPF_MAXINSNS,
  BPF_RET,
  DATA_ARCH,
  DATA_NR,
  dataArgHigh,
  dataArgLow,
  SECCOMP_FILTER_FLAG_MASK,
  SECCOMP_FILTER_FLAG_NEW_LISTENER,
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_USER_NOTIF,
  SECCOMP_SET_MODE_FILTER,
} from "../../../abi/seccomp.ts";
import { AUDIT_ARCH_X86_64, numbersInUse, SECCOMP_NUMBER, X32_SYSCALL_BIT } from "../../../abi/syscalls.ts";
import { LinuxError } from "../../../error.ts";
import type { Condition } from "./mediated.ts";

/** One instruction, with jump targets still as labels; `jt`/`jf` undefined means "next". */
interface Instruction {
  readonly code: number;
  readonly k: number;
  readonly jt?: string;
  readonly jf?: string;
  readonly label?: string;
}

/** Compiles the filter; returns packed `struct sock_filter` (u16 code, u8 jt, u8 jf, u32 k; little endian), 8 bytes each. */
export function compileFilter(calls: ReadonlyMap<number, Condition>): Buffer {
  const numbers = [...calls.keys()].sort((a, b) => a - b);
  const program: Instruction[] = [
    { code: BPF_LD_W_ABS, k: DATA_ARCH },
    { code: BPF_JEQ, k: AUDIT_ARCH_X86_64, jf: "ask-near" },
    { code: BPF_LD_W_ABS, k: DATA_NR },
    { code: BPF_JGE, k: X32_SYSCALL_BIT, jf: "in-use-0" },
    { code: BPF_RET, k: SECCOMP_RET_USER_NOTIF, label: "ask-near" },
  ];
  numbersInUse.forEach(([from, to], index) => {
    const [here, next] = [`in-use-${index}`, `in-use-${index + 1}`];
    program.push({ code: BPF_JGE, k: from, jf: "ask-unknown", label: here });
    program.push({ code: BPF_JGE, k: to + 1, jt: next, jf: "search" });
  });
  program.push({ code: BPF_RET, k: SECCOMP_RET_USER_NOTIF, label: `in-use-${numbersInUse.length}` });
  program.push({ code: BPF_RET, k: SECCOMP_RET_USER_NOTIF, label: "ask-unknown" });
  refuseListener(program, "search", "mediated");
  search(program, numbers, calls, "mediated");
  return assemble(program);
}

/**
 * Refuses a filter with a listener. The kernel does so too (EBUSY), but only while the supervisor has its own. When that is closed, a
 * newer filter that asks its own listener would come before this one, and a process of the workload would decide about its calls.
 */
function refuseListener(program: Instruction[], label: string, otherwise: string): void {
  program.push({ code: BPF_JEQ, k: SECCOMP_NUMBER, jf: otherwise, label });
  program.push({ code: BPF_LD_W_ABS, k: dataArgLow(0) });
  program.push({ code: BPF_JEQ, k: SECCOMP_SET_MODE_FILTER, jf: "no-listener" });
  program.push({ code: BPF_LD_W_ABS, k: dataArgLow(1) });
  program.push({ code: BPF_JSET, k: SECCOMP_FILTER_FLAG_NEW_LISTENER, jf: "no-listener" });
  program.push({ code: BPF_JSET, k: ~SECCOMP_FILTER_FLAG_MASK, jt: "unknown-flags" });
  // Without a program the call is a probe: the kernel fails it with EFAULT where it knows the flag.
  for (const half of [dataArgLow(2), dataArgHigh(2)]) {
    program.push({ code: BPF_LD_W_ABS, k: half });
    program.push({ code: BPF_JEQ, k: 0, jf: "listener" });
  }
  program.push({ code: BPF_RET, k: SECCOMP_RET_ERRNO | EFAULT });
  program.push({ code: BPF_RET, k: SECCOMP_RET_ERRNO | EBUSY, label: "listener" });
  program.push({ code: BPF_RET, k: SECCOMP_RET_ERRNO | EINVAL, label: "unknown-flags" });
  program.push({ code: BPF_RET, k: SECCOMP_RET_ALLOW, label: "no-listener" });
}

/** Emits a subtree for a sorted slice of numbers. Each leaf ends in its own return, so every jump is short. */
function search(
  program: Instruction[],
  numbers: readonly number[],
  calls: ReadonlyMap<number, Condition>,
  label: string,
): void {
  const [only] = numbers;
  if (numbers.length === 0 || only === undefined) {
    program.push({ code: BPF_RET, k: SECCOMP_RET_ALLOW, label });
    return;
  }
  if (numbers.length === 1) {
    program.push({ code: BPF_JEQ, k: only, jt: `call-${only}`, label });
    program.push({ code: BPF_RET, k: SECCOMP_RET_ALLOW });
    decide(program, calls.get(only) as Condition, `call-${only}`);
    return;
  }
  const middle = numbers.length >> 1;
  const pivot = numbers[middle] as number;
  // A conditional jump reaches 255 instructions and an unconditional one any distance, so the far side is reached through the
  // latter.
  program.push({ code: BPF_JGE, k: pivot, jf: `below-${pivot}`, label });
  program.push({ code: BPF_JA, k: 0, jt: `from-${pivot}` });
  search(program, numbers.slice(0, middle), calls, `below-${pivot}`);
  search(program, numbers.slice(middle), calls, `from-${pivot}`);
}

function decide(program: Instruction[], condition: Condition, label: string): void {
  const ask: Instruction = { code: BPF_RET, k: SECCOMP_RET_USER_NOTIF };
  const allow: Instruction = { code: BPF_RET, k: SECCOMP_RET_ALLOW };
  const yes = `${label}-ask`;
  const no = `${label}-allow`;
  if (condition.when === "always") {
    program.push({ ...ask, label });
    return;
  }
  program.push({ code: BPF_LD_W_ABS, k: dataArgLow(condition.argument), label });
  switch (condition.when) {
    case "any-bit":
      program.push({ code: BPF_JSET, k: condition.mask, jt: yes, jf: no });
      break;
    case "not-zero":
      program.push({ code: BPF_JEQ, k: 0, jf: yes });
      program.push({ code: BPF_LD_W_ABS, k: dataArgHigh(condition.argument) });
      program.push({ code: BPF_JEQ, k: 0, jt: no, jf: yes });
      break;
    case "one-of":
      for (const value of condition.values) program.push({ code: BPF_JEQ, k: value >>> 0, jt: yes });
      program.push({ code: BPF_JA, k: 0, jt: no });
      break;
    case "one-of-each":
      // Of each value of one argument, values of the next.
      [...condition.values].forEach(([value, next], index) => {
        program.push({ code: BPF_JEQ, k: value >>> 0, jf: `${label}-other-${index}` });
        program.push({ code: BPF_LD_W_ABS, k: dataArgLow(condition.argument + 1) });
        for (const each of next) program.push({ code: BPF_JEQ, k: each >>> 0, jt: yes });
        program.push({ code: BPF_JA, k: 0, jt: no });
        program.push({ code: BPF_LD_W_ABS, k: dataArgLow(condition.argument), label: `${label}-other-${index}` });
      });
      program.push({ code: BPF_JA, k: 0, jt: no });
      break;
    case "not-one-of":
      for (const value of condition.values) program.push({ code: BPF_JEQ, k: value >>> 0, jt: no });
      program.push({ code: BPF_JA, k: 0, jt: yes });
      break;
  }
  program.push({ ...allow, label: no }, { ...ask, label: yes });
}

function assemble(program: readonly Instruction[]): Buffer {
  const places = new Map<string, number>();
  program.forEach((instruction, index) => {
    if (instruction.label) places.set(instruction.label, index);
  });
  const distance = (label: string | undefined, from: number): number => {
    if (label === undefined) return 0;
    const to = places.get(label);
    if (to === undefined || to <= from) throw broken(`label ${label} does not lie ahead of instruction ${from}`);
    return to - from - 1;
  };
  if (program.length > BPF_MAXINSNS) throw broken(`${program.length} instructions, the kernel takes ${BPF_MAXINSNS}`);
  const out = Buffer.alloc(program.length * 8);
  program.forEach((instruction, index) => {
    const far = instruction.code === BPF_JA;
    const jt = distance(instruction.jt, index);
    const jf = distance(instruction.jf, index);
    if (!far && (jt > 255 || jf > 255)) throw broken(`instruction ${index} jumps over ${Math.max(jt, jf)} others`);
    out.writeUInt16LE(instruction.code, index * 8);
    out.writeUInt8(far ? 0 : jt, index * 8 + 2);
    out.writeUInt8(jf, index * 8 + 3);
    out.writeUInt32LE(far ? jt : instruction.k >>> 0, index * 8 + 4);
  });
  return out;
}

function broken(why: string): LinuxError {
  return new LinuxError("sensor-lost", `the seccomp filter cannot be assembled: ${why}; this is a defect of isoline`);
}

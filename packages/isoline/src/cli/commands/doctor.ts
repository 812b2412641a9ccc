/** `isoline doctor`: what this machine supports, for each sensor, and why not the rest. Status 0 if workloads can be run here. */
import { type Probe, probeAll } from "@isoline/linux";
import { status } from "../ending.ts";
import { verdictOf } from "../doctor/verdict.ts";
import { paint } from "../output/paint.ts";
import { printJson, printLine } from "../output/streams.ts";

export interface DoctorOptions {
  readonly json?: boolean;
}

type Part = Probe["part"];

/** Parts of isoline in order of dependency, each with its purpose. */
const parts: readonly (readonly [part: Part, what: string, without: string])[] = [
  ["machine", "this machine", "isoline cannot run here"],
  ["seccomp", "the seccomp sensor: learn, check, run, for every user", "no workload can be run here"],
  ["landlock", "Landlock beneath it: run --enforce, against races", "run with --no-landlock, or not enforced"],
  ["bpf", "the bpf sensor: --sensor bpf, verdicts in the kernel, for root", "--sensor seccomp works for every user"],
  ["mitigations", "mitigations for one process: the policy key `mitigations`", "leave them out of the policy"],
];

/** Without these, nothing can be learnt, checked or run. */
const indispensable: readonly Part[] = ["machine", "seccomp"];

export async function doctor({ json }: DoctorOptions): Promise<number> {
  const probes = await probeAll();
  const usable = indispensable.every((part) => works(part, probes));
  if (json) {
    printJson({
      isoline: 1,
      usable,
      parts: Object.fromEntries(parts.map(([part]) => [part, works(part, probes)])),
      probes,
    });
  } else for (const line of page(probes)) printLine(line);
  return usable ? status.success : status.failure;
}

function ofPart(part: Part, probes: readonly Probe[]): readonly Probe[] {
  return probes.filter((probe) => probe.part === part);
}

function works(part: Part, probes: readonly Probe[]): boolean {
  return verdictOf(ofPart(part, probes)).works;
}

function page(probes: readonly Probe[]): string[] {
  const width = Math.max(...probes.map(({ name }) => name.length));
  return parts.flatMap(([part, what, without], at) => {
    const own = ofPart(part, probes);
    const { works: isUsable, only } = verdictOf(own);
    const word = only === undefined ? paint("green", "works") : `${paint("yellow", "works in part")}: ${only}`;
    const verdict = isUsable ? word : `${paint("red", "does not work")}: ${without}`;
    return [
      ...(at > 0 ? [""] : []),
      `${paint("bold", what)}   ${verdict}`,
      ...own.flatMap((probe) => probeLines(probe, width)),
    ];
  });
}

function probeLines({ name, works: isThere, required, detail, needs, fix }: Probe, width: number): string[] {
  const mark = isThere ? paint("green", "yes") : paint(required ? "red" : "yellow", "no ");
  const line = `  ${mark}  ${name.padEnd(width)} ${detail}`;
  if (isThere) return [line];
  const indent = " ".repeat(width + 8);
  return [line, `${indent}needs ${needs}`, ...(fix === undefined ? [] : [`${indent}${fix}`])];
}

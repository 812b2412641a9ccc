/** Processors and the cores that they are the hardware threads of. */
import { readFileSync } from "node:fs";

/** A list of the kernel such as `0-3,8` (Documentation/core-api/printk-formats.rst, bitmap); undefined for anything else. */
export function parseCpuList(text: string): readonly number[] | undefined {
  const cpus: number[] = [];
  for (const range of text.trim().split(",")) {
    const [, first = "", last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range) ?? [];
    if (first === "" || Number(last) < Number(first) || Number(last) - Number(first) > 8192) return undefined;
    for (let cpu = Number(first); cpu <= Number(last); cpu++) cpus.push(cpu);
  }
  return cpus;
}

/** The last core of these processors for what is not trusted, and the others for the rest; undefined where there is one core only. */
export function partitionOf(
  cpus: readonly number[],
  siblingsOf: (cpu: number) => readonly number[] = readSiblings,
): { readonly apart: readonly number[]; readonly rest: readonly number[] } | undefined {
  const last = cpus.at(-1);
  if (last === undefined) return undefined;
  const core = new Set(siblingsOf(last));
  const rest = cpus.filter((cpu) => !core.has(cpu));
  return rest.length === 0 ? undefined : { apart: cpus.filter((cpu) => core.has(cpu)), rest };
}

function readSiblings(cpu: number): readonly number[] {
  try {
    const text = readFileSync(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`, "latin1");
    return parseCpuList(text) ?? [cpu];
  } catch {
    // Without this file the kernel knows of no hardware threads.
    return [cpu];
  }
}

/** The table of all system calls, compared with the kernel's header, the filter and the decoders. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isOperation } from "../../packages/core/src/event/operations.ts";
import { numbersInUse, syscallNumbers } from "../../packages/linux/src/abi/syscalls.ts";
import { decoders } from "../../packages/linux/src/sensor/seccomp/calls/decoders.ts";
import { mediatedCalls } from "../../packages/linux/src/sensor/seccomp/listener/mediated.ts";
import { CALL_PAGE, callPage, callTable, requestTable } from "../../tools/call-page.mjs";
import { repository } from "../../tools/run.mjs";

const HEADER = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h";
const table = callTable(repository);
const requests = requestTable(repository);
const groups = [...table.mediated, ...table.harmless, ...table.gap, ...table.absent];
const listed = groups.flatMap(({ calls }) => Object.entries(calls));
const byNumber = (entries: readonly (readonly [string, number])[]) => [...entries].sort(([, a], [, b]) => a - b);

describe("the table of system calls", () => {
  it("has each number of Linux 6.18 once", () => {
    const inUse = numbersInUse.flatMap(([from, to]) =>
      Array.from({ length: to - from + 1 }, (_, index) => from + index),
    );
    expect(byNumber(listed).map(([, number]) => number)).toEqual(inUse);
    expect(new Set(listed.map(([name]) => name)).size).toBe(listed.length);
  });

  it.skipIf(!existsSync(HEADER))("has each call of the kernel's header (needs linux-libc-dev)", () => {
    const defined = [...readFileSync(HEADER, "utf8").matchAll(/^#define __NR_(\w+) (\d+)$/gm)];
    expect(defined.length).toBeGreaterThan(350);
    const numbers = new Map(listed);
    const missing = defined.filter(([, name = "", number]) => numbers.get(name) !== Number(number));
    expect(missing.map(([line]) => line)).toEqual([]);
  });

  it("lists as mediated exactly the calls that the filter stops and a decoder reads", () => {
    const mediated = table.mediated.flatMap(({ calls }) => Object.entries(calls));
    expect(byNumber(mediated)).toEqual(byNumber(Object.entries(syscallNumbers)));
    expect(new Set(decoders.keys())).toEqual(new Set(mediatedCalls.keys()));
  });

  it("names only operations that exist", () => {
    const named = [
      ...table.mediated.flatMap(({ event }) => [...event.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name as string)),
      ...Object.values(requests).flatMap(({ mediated }) => mediated.flatMap(({ event }) => event?.split(", ") ?? [])),
    ];
    expect(named.length).toBeGreaterThan(60);
    expect(named.filter((name) => !isOperation(name))).toEqual([]);
  });

  it("gives each call a reason, or says what is not seen and what to do", () => {
    const reasons = [...table.harmless, ...table.absent].map(({ because }) => because);
    const told = [...reasons, ...table.gap.flatMap(({ unseen, instead }) => [unseen, instead])];
    expect(told.filter((text) => text.split(" ").length < 2)).toEqual([]);
  });

  it.each(["ioctl", "fcntl", "prctl", "setsockopt"] as const)("knows which requests of %s stop", (call) => {
    const condition = mediatedCalls.get(syscallNumbers[call]);
    const stopping =
      condition?.when === "one-of"
        ? condition.values
        : condition?.when === "one-of-each"
          ? [...new Set([...condition.values.values()].flat())]
          : [];
    const told = requests[call]?.mediated.map(({ number }) => number) ?? [];
    expect(told.sort((a, b) => a - b)).toEqual([...stopping].sort((a, b) => a - b));
  });

  it("is the source of the page (else: npm run docs)", () => {
    expect(readFileSync(join(repository, CALL_PAGE), "utf8")).toBe(callPage(repository));
  });
});

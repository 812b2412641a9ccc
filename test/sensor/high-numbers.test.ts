/**
 * System calls whose number has something in the upper half of its register. The kernel looks at the lower half alone
 * (arch/x86/entry/entry_64.S), and so does each sensor: it sees the same acts.
 */
import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { attachesByTracepoints } from "../bpf/attachment.ts";
import { isRoot } from "../support/machine.ts";
import { type Case, compiler, type How, matches, type Ran, runCases, slug, withHighNumbers } from "./case.ts";
import { all } from "./cases/all.ts";
import { isBuilt } from "./supervised.ts";

const cases = all.filter(({ by }) => by !== "user");

async function run<T>(some: readonly Case[], how: How, look: (ran: Ran) => T): Promise<T> {
  const ran = await runCases(some, how);
  rmSync(ran.directory, { recursive: true, force: true });
  return look(ran);
}

describe.skipIf(compiler === undefined || !isBuilt || !isRoot)(
  "numbers with more than 32 bits (needs gcc, a build, root)",
  () => {
    it("are seen by the seccomp sensor as what they are", async () => {
      const { events, incomplete } = await run(withHighNumbers(cases), {}, (ran) => ({
        events: ran.events,
        incomplete: ran.outcome.report.incomplete,
      }));
      const differing = cases.filter(({ does, events: expected }) => {
        const seen = events.get(slug(does)) ?? [];
        return seen.length !== expected.length || seen.some((act, at) => !matches(act, expected[at] ?? ""));
      });
      expect({ differing: differing.map(({ does }) => [does, events.get(slug(does))]), incomplete }).toEqual({
        differing: [],
        incomplete: [],
      });
    });

    it.skipIf(!attachesByTracepoints)("are seen by tracepoints as what they are (needs no hooks for BPF)", async () => {
      const operations = ({ events }: Ran) =>
        [...events].map(([does, acts]) => `${does}: ${acts.map((act) => act.split(" ")[0]).join(" ")}`);
      const low = await run(cases, { sensor: "bpf" }, operations);
      const high = await run(withHighNumbers(cases), { sensor: "bpf" }, operations);
      expect(high).toEqual(low);
      expect(low.length).toBeGreaterThan(100);
    });
  },
);

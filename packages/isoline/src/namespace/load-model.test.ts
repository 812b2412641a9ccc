import { expect, it } from "vitest";
import type { Digest } from "@isoline/core/digest";
import { parseAct } from "@isoline/core/event";
import { loadModel } from "./load-model.ts";
import type { Plan } from "./plan.ts";

const ids = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, capabilities: 0n };
const nobody = "0".repeat(64) as Digest;

/** What is kept of a namespace that departs so often, with paths of so many letters. */
async function kept(plan: Partial<Plan>, times: number, letters: number) {
  const { engine } = await loadModel({ mode: "watch", ...plan } as Plan, () => {});
  for (let sequence = 1; sequence <= times; sequence++) {
    const path = `/etc/${"x".repeat(letters)}${sequence}`;
    const event = parseAct(`chroot path=${path}`, { task: nobody, parent: nobody, credentials: ids });
    engine.judge(event, { sequence, process: 1, pid: 1, chain: ["sh"] });
  }
  return [engine.forensics.departures.length, engine.tally.off];
}

it("of a namespace that a stranger began fewer departures are kept, and all are counted", async () => {
  expect(await kept({}, 1500, 1)).toEqual([1500, 1500]);
  expect(await kept({ forStranger: true }, 1500, 1)).toEqual([1000, 1500]);
  const [long] = await kept({ forStranger: true }, 400, 4000);
  expect(long).toBeLessThan(300);
});

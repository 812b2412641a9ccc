/** A verifier with more nodes than it can judge: they are asked more seldom, and stay what they are. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Node } from "../../packages/verifier/src/http/model.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const rig = new Rig();
/** Each takes some milliseconds, so at one second they are more than one processor judges. */
const nodes = Array.from({ length: 400 }, (_, at) => new SoftwareNode(`node-${at}`));
const AT_ONCE = 4;
const timing = { due: 1, stale: 3, dueAtMost: 1000 };

/** Evidence of nodes, some at once; how soon each is asked for its next. */
async function attest(some: readonly SoftwareNode[]): Promise<readonly number[]> {
  const told: number[] = [];
  const waiting = [...some];
  const oneByOne = async () => {
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop())
      told.push((await rig.attest(node)).body.due);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, oneByOne));
  return told;
}

beforeAll(async () => {
  await rig.enrol(nodes);
  await rig.start(timing);
  await rig.rules();
});
afterAll(() => rig.close());

it("asks them more seldom, and takes none for stale that comes when it was told, also after a start", async () => {
  let slowest = 0;
  for (let round = 0; round < 40 && slowest < 5; round++) slowest = Math.max(...(await attest(nodes)));
  expect(slowest).toBeGreaterThanOrEqual(5);
  expect(rig.noted.join("\n")).toMatch(/more evidence is due than this verifier can judge: .* not 1, and each 1000 at/);
  const { body } = await rig.get<string>("/metrics");
  expect(Number(/^isoline_verifier_due_seconds (\d+)$/m.exec(body)?.[1])).toBeGreaterThan(1);
  const few = nodes.slice(0, 10);
  const told = Math.min(...(await attest(few)));
  await rig.stop();
  await rig.start(timing);
  // Longer than they may be silent at one second, and no longer than they were told.
  await new Promise((resolve) => setTimeout(resolve, 4000));
  const states = await Promise.all(few.map(async ({ name }) => (await rig.get<Node>(`/v1/nodes/${name}`)).body.state));
  expect([told > 1, [...new Set(states)]]).toEqual([true, ["affirming"]]);
});

/** A verifier with more nodes than it can judge: they are asked more seldom, and stay what they are. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Node, Result } from "../../packages/verifier/src/http/model.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const rig = new Rig();
/** Each takes some milliseconds, so at one second they are more than one processor judges. */
const nodes = Array.from({ length: 900 }, (_, at) => new SoftwareNode(`node-${at}`));
const AT_ONCE = 4;

/** Evidence of each node, one after the other; the last answers. */
async function attestAll(): Promise<readonly Result[]> {
  const answers: Result[] = [];
  const waiting = [...nodes];
  const some = async () => {
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop())
      answers.push((await rig.attest(node)).body);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, some));
  return answers;
}

const stale = async () => (await rig.get<{ items: readonly Node[] }>("/v1/nodes?state=stale")).body.items;

beforeAll(async () => {
  await rig.enrol(nodes);
  await rig.start({ due: 1, stale: 3, dueAtMost: 1000 });
  await rig.rules();
});
afterAll(() => rig.close());

it("asks them more seldom, and takes none for stale that comes when it was told, also after a start", async () => {
  let slowest = 0;
  for (let round = 0; round < 20 && slowest <= 4; round++)
    slowest = Math.max(...(await attestAll()).map(({ due }) => due));
  expect(slowest).toBeGreaterThan(4);
  expect(rig.noted.join("\n")).toMatch(/more evidence is due than this verifier can judge: .* not 1, and each 1000 at/);
  // Each is told its own.
  await attestAll();
  const { body } = await rig.get<string>("/metrics");
  expect(Number(/^isoline_verifier_due_seconds (\d+)$/m.exec(body)?.[1])).toBeGreaterThan(4);
  await rig.stop();
  await rig.start({ due: 1, stale: 3, dueAtMost: 1000 });
  await new Promise((resolve) => setTimeout(resolve, 6000));
  expect(await stale()).toEqual([]);
});

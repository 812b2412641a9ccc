/** A verifier with the embedded store is killed at once: what it acknowledged is there, and nothing older is accepted. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Node, NodeList } from "../../packages/verifier/src/http/model.ts";
import { canisterSample } from "../attest/samples.ts";
import { isBuilt } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";
import { VerifierProcess } from "./process.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const bad = canisterSample("web", { counters: { events: 100, departures: 1, refused: 1, lost: 0, untrusted: 1 } });

describe.skipIf(!isCI || !isBuilt)("a verifier with the embedded store (CI; needs a build)", () => {
  const rig = new Rig();
  const nodes = Array.from({ length: 15 }, (_, number) => new SoftwareNode(`node-${number}`));
  let running: VerifierProcess;
  const start = async () => {
    running = await VerifierProcess.start(rig.place, rig.configuration());
    rig.at(running.address);
  };

  beforeAll(async () => {
    await rig.enrol(nodes);
    await start();
    await rig.rules();
  });
  afterAll(async () => {
    await running.end("SIGKILL");
    await rig.close();
  });

  it("has lost nothing that it acknowledged, whenever it is killed", async () => {
    const [node, ...others] = nodes as [SoftwareNode, ...SoftwareNode[]];
    expect((await rig.attest(node, { clock: 10_000n })).body.state).toBe("affirming");
    // Each round has nodes of its own: what one of them is, it is by what was acknowledged in that round.
    for (const own of [others.slice(0, 7), others.slice(7)]) {
      const acknowledged = new Map<string, string>();
      const sending = own.map(async (one) => {
        for (const told of [{}, { canisters: [bad] }]) {
          const { status, body } = await rig.attest(one, told);
          if (status === 200) acknowledged.set(one.name, body.canisters[0]?.state ?? "");
        }
      });
      await Promise.race(sending);
      await running.end("SIGKILL");
      await Promise.allSettled(sending);
      await start();
      const { body } = await rig.get<NodeList>("/v1/nodes");
      const statesOf = (one: string) => {
        const counts = Object.entries(body.items.find(({ name }) => name === one)?.canisters ?? {});
        return counts.flatMap(([state, count]) => (count === 0 ? [] : [`${state} ${count}`])).join();
      };
      const shown = [...acknowledged].map(([name, state]) => ({ name, state, now: statesOf(name) }));
      // The answer to its bad evidence may have been lost, where the verifier had stored the verdict.
      const isKept = (state: string, now: string) => now === `${state} 1` || now === "contraindicated 1";
      expect(shown.filter(({ state, now }) => !isKept(state, now))).toEqual([]);
      expect([...acknowledged.values()]).toContain("contraindicated");
    }
    const older = await rig.attest(node, { clock: 9_999n });
    expect(older.body).toMatchObject({ state: "contraindicated", failure: "rollback" });
    expect((await rig.get<Node>("/v1/nodes/node-0")).body.state).toBe("contraindicated");
  });
});

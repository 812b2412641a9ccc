/** A verdict that the database wrote, and whose answer never came: the verifier does not know that it stands. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Node } from "../../packages/verifier/src/http/model.ts";
import { VerdictQueue } from "../../packages/verifier/src/store/index.ts";
import { canisterSample } from "../attest/samples.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

describe("a verdict whose answer by the database was lost", () => {
  const rig = new Rig();
  const node = new SoftwareNode("node-1");
  const both = { canisters: [canisterSample("web"), canisterSample("other")] };
  const affirming = async () => (await rig.get<Node>("/v1/nodes/node-1")).body.canisters;

  beforeAll(async () => {
    await rig.enrol([node]);
    await rig.start();
    await rig.rules();
  });
  afterAll(() => rig.close());

  it("is undone by evidence that says what stood before", async () => {
    await rig.attest(node);
    expect(await affirming()).toMatchObject({ affirming: 1 });
    vi.spyOn(VerdictQueue.prototype, "write").mockImplementationOnce(async function (this: VerdictQueue, ...told) {
      // The second time it is the method itself.
      await this.write(...told);
      throw Object.assign(new Error("terminating connection"), { code: "57P01" });
    });
    expect((await rig.attest(node, both)).status).toBe(503);
    expect(await affirming()).toMatchObject({ affirming: 2 });
    expect((await rig.attest(node)).body.state).toBe("affirming");
    expect(await affirming()).toMatchObject({ affirming: 1 });
  });
});

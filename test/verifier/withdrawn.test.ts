/** A contour that reference values name no more counts no longer, also where a person had put it; put anew, it counts again. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canisterSample } from "../attest/samples.ts";
import { contour, digest, published } from "../forgery/published.ts";
import { FleetLog } from "./logged.ts";
import { Rig, samplePolicy } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const state = Buffer.from(published.state).toString("hex");
const web = { name: "web", contour: "04".repeat(32), state: "05".repeat(32) };
const small = { name: "small", contour: digest, state };

describe.each(["without a log", "with a log"])("a contour that is withdrawn, %s", (which) => {
  const rig = new Rig();
  const log = new FleetLog(rig.place);
  const node = new SoftwareNode("node-1");
  const canisters = [canisterSample("web", published)];
  const name = (contours: readonly object[], version: number) =>
    rig.rules(samplePolicy({ version }), { references: 1, contours });
  const put = async () => (await rig.call("PUT", `/v1/contours/${digest}`, { body: contour })).status;
  const judged = async () => (await rig.attest(node, { canisters })).body.canisters;

  beforeAll(async () => {
    await log.begun;
    await rig.enrol([node]);
    await rig.start(which === "with a log" ? { log: log.configuration } : {});
  });
  afterAll(() => rig.close());

  it("counts while reference values name it", async () => {
    expect(await put()).toBe(201);
    await name([web, small], 1);
    expect(await judged()).toMatchObject([{ state: "affirming" }]);
  });

  it("still counts when one of two files that name it does so no more", async () => {
    const file = (contours: readonly object[]) =>
      rig.call("PUT", "/v1/references/more", { body: JSON.stringify({ references: 1, contours }) });
    expect((await file([small])).status).toBe(204);
    expect((await file([])).status).toBe(204);
    expect(await judged()).toMatchObject([{ state: "affirming" }]);
  });

  it("counts no longer from the next evidence on", async () => {
    await name([web], 2);
    expect(await judged()).toMatchObject([{ state: "contraindicated", failure: "unknown-contour" }]);
    // The canister still names it, so it is kept for show.
    expect((await rig.get<string>(`/v1/contours/${digest}`)).status).toBe(200);
  });

  it("counts again when a person puts it anew", async () => {
    expect(await put()).toBeLessThan(300);
    expect(await judged()).toMatchObject([{ state: "affirming" }]);
  });

  it.runIf(which === "with a log")("is stated as what came, went and came again", async () => {
    await rig.stop();
    const stated = log
      .statements()
      .flatMap((one) =>
        (one.kind === "publish-contour" || one.kind === "withdraw-contour") && one.digest === digest
          ? [`${one.kind} ${one.name ?? "by a person"}`]
          : [],
      );
    expect(stated).toEqual([
      "publish-contour by a person",
      "publish-contour small",
      "withdraw-contour small",
      "publish-contour by a person",
    ]);
  });

  it("has not made the verifier fail", () => {
    expect(rig.failures).toEqual([]);
  });
});

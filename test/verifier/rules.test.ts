/** What is put is in force from the next evidence on, though a verifier reads rules and contours once and keeps them. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { quotedBoot, writeBoot } from "../../packages/attest/src/appraise/index.ts";
import { EvidenceReading } from "../../packages/attest/src/evidence/index.ts";
import { FairTurns } from "../../packages/verifier/src/fleet/fair-turns.ts";
import { Rules } from "../../packages/verifier/src/fleet/rules.ts";
import type { Canister, DryRun } from "../../packages/verifier/src/http/model.ts";
import { canisterSample } from "../attest/samples.ts";
import { contour, digest, published } from "../forgery/published.ts";
import { OPERATOR, Rig, samplePolicy } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const PUT = "isoline fleet policy NAME --set FILE";

describe("rules of a verifier", () => {
  const rig = new Rig();
  const node = new SoftwareNode("node-1");
  beforeAll(async () => {
    await rig.enrol([node]);
    await rig.start();
  });
  afterAll(() => rig.close());

  it("a node without a policy is judged as soon as there is one", async () => {
    expect((await rig.attest(node)).body).toMatchObject({ state: "unverifiable" });
    expect((await rig.attest(node)).body).toMatchObject({ state: "unverifiable", why: expect.stringContaining(PUT) });
    const { status, body } = await rig.get<{ error: { message: string } }>("/v1/nodes/node-1/canisters/web");
    expect([status, body.error.message]).toEqual([404, expect.stringContaining(PUT)]);
    await rig.rules();
    expect((await rig.attest(node)).body.canisters).toMatchObject([{ state: "affirming" }]);
  });

  it.each([
    ["policies", "policy"],
    ["references", "reference"],
  ])("a name that the %s do not have leads to the command that lists them", async (shelf, command) => {
    const { status, body } = await rig.get<{ error: { message: string } }>(`/v1/${shelf}/none`);
    expect([status, body.error.message]).toEqual([404, expect.stringMatching(`; see isoline fleet ${command}$`)]);
  });

  it("a newer policy judges the next evidence, and so do other reference values", async () => {
    await rig.rules(samplePolicy({ version: 2, kernels: ["7.*"] }));
    expect((await rig.attest(node)).body).toMatchObject({ state: "contraindicated", failure: "untrusted-platform" });
    await rig.rules(samplePolicy({ version: 3 }), { references: 1 });
    expect((await rig.attest(node)).body.canisters).toMatchObject([{ failure: "unknown-contour" }]);
    await rig.rules(samplePolicy({ version: 4 }));
    expect((await rig.attest(node)).body.canisters).toMatchObject([{ state: "affirming" }]);
  });

  it("a dry run is by the policy that it is given, and changes nothing", async () => {
    const strict = samplePolicy({ version: 5, kernels: ["7.*"] });
    const { body } = await rig.call<DryRun>("POST", "/v1/policies/default/dry-run", {
      token: OPERATOR,
      body: JSON.stringify(strict),
    });
    expect(body.changes[0]).toMatchObject({ node: "node-1", from: "affirming", to: "contraindicated" });
    expect((await rig.attest(node)).body.state).toBe("affirming");
  });

  it("a contour that was missing is known at the next evidence, once it came", async () => {
    const under = canisterSample("web", { contour: published.contour, state: published.state, started: 1 });
    const missing = { need: [`contour:${digest}`], canisters: [{ failure: "unknown-contour" }] };
    expect((await rig.attest(node, { canisters: [under] })).body).toMatchObject(missing);
    expect((await rig.attest(node, { canisters: [under] })).body).toMatchObject(missing);
    const put = (more: object) => rig.call("PUT", `/v1/contours/${digest}`, { body: contour, ...more });
    // It would count for every tenant, so a person of one cannot choose it.
    expect(await put({ token: OPERATOR })).toMatchObject({ status: 403, body: { error: { code: "not-allowed" } } });
    expect((await rig.attest(node, { canisters: [under] })).body).toMatchObject(missing);
    expect((await put({})).status).toBe(201);
    const { body } = await rig.attest(node, { canisters: [under] });
    expect({ canisters: body.canisters, need: body.need }).toMatchObject({ canisters: [{ state: "affirming" }] });
    expect(body.need).toBeUndefined();
  });

  it("a contour is made a map, and evidence is tried, in a turn that begins after the database was asked", async () => {
    const turns = vi.spyOn(FairTurns.prototype, "turn");
    const asked = [vi.spyOn(Rules.prototype, "nameOf"), vi.spyOn(Rules.prototype, "forNode")] as const;
    const last = (...spies: readonly { mock: { invocationCallOrder: readonly number[] } }[]) =>
      Math.max(...spies.flatMap(({ mock }) => mock.invocationCallOrder));
    expect((await rig.get(`/v1/contours/${digest}`)).status).toBe(200);
    expect(last(turns)).toBeGreaterThan(last(...asked));
    await rig.call("POST", "/v1/policies/default/dry-run", { body: JSON.stringify(samplePolicy({ version: 5 })) });
    expect(last(turns)).toBeGreaterThan(last(asked[1]));
    vi.restoreAllMocks();
  });

  it("judges what a process began for itself by the contours that its rule names, and says who began it", async () => {
    const label = "begun:1000:web";
    const canisters = [canisterSample("web"), canisterSample(label, { started: 1 })];
    const rule = (more: object) => [
      { label, register: "if-there", ...more },
      { label: "*", register: "if-there" },
    ];
    const verdict = async (version: number, more: object) => {
      await rig.rules(samplePolicy({ version, canisters: rule(more) }));
      return (await rig.attest(node, { canisters })).body.canisters.find((one) => one.label === label);
    };
    expect(await verdict(5, {})).toMatchObject({
      failure: "unknown-contour",
      why: "expected a rule that names contours for what a process began for itself, got one without; name them in its contours",
    });
    expect(await verdict(6, { contours: ["db"] })).toMatchObject({
      failure: "unknown-contour",
      why: expect.stringMatching(/^expected a published contour that the rule names, got 0404/) as string,
    });
    expect(await verdict(7, { contours: ["web"] })).toMatchObject({ state: "affirming" });
    const { body } = await rig.get<Canister>(`/v1/nodes/node-1/canisters/${encodeURIComponent(label)}`);
    expect(body).toMatchObject({ label, begun: { user: 1000, name: "web" }, contourName: "web", root: "node" });
    expect((await rig.get<Canister>("/v1/nodes/node-1/canisters/web")).body.begun).toBeUndefined();
  });

  it("does not take a label for an agent's that only looks like one, and shows it as it is", async () => {
    const label = "begun:1000:<b>\u202e";
    const policy = { label: "begun:*", register: "if-there", contours: ["web"] };
    await rig.rules(samplePolicy({ version: 8, canisters: [policy] }));
    const { body } = await rig.attest(node, { canisters: [canisterSample(label, { started: 2 })] });
    expect(body).toMatchObject({ state: "affirming", canisters: [{ label, failure: "unknown-contour" }] });
    const shown = await rig.get<Canister>(`/v1/nodes/node-1/canisters/${encodeURIComponent(label)}`);
    expect(shown.body).toMatchObject({ label, state: "contraindicated" });
    expect(shown.body.begun).toBeUndefined();
  });

  it("a dry run lists so many changes, and says how many there are besides", async () => {
    const canisters = Array.from({ length: 1002 }, (_, at) => canisterSample(`many-${at}`, { started: 3 }));
    await rig.rules(samplePolicy({ version: 9, canisters: [{ label: "*", register: "if-there" }] }));
    expect((await rig.attest(node, { canisters })).body).toMatchObject({ state: "affirming" });
    const body = JSON.stringify(samplePolicy({ version: 10, canisters: [{ label: "*", register: "required" }] }));
    const { body: tried } = await rig.call<DryRun>("POST", "/v1/policies/default/dry-run", { body });
    expect(tried.red).toBe(tried.changes.length + tried.unlisted);
    expect([tried.changes.length, tried.unlisted]).toEqual([1000, 2]);
  });

  it("judges a boot by the references that were written of a good one, and names the register that differs", async () => {
    const good = await quotedBoot(new EvidenceReading(node.evidence(new Uint8Array(32))));
    const written = writeBoot({ name: "good", registers: new Map([...good.registers].slice(0, 8)), events: new Map() });
    await rig.rules(samplePolicy({ version: 11, boots: ["good"] }));
    expect((await rig.attest(node)).body).toMatchObject({ failure: "untrusted-platform" });
    expect((await rig.call("PUT", "/v1/references/boots", { body: written })).status).toBe(204);
    expect((await rig.attest(node)).body).toMatchObject({ state: "affirming" });
    // By two boots of one name no node could be judged.
    const again = await rig.call("PUT", "/v1/references/more", { body: written });
    expect(again).toMatchObject({ status: 409, body: { error: { message: expect.stringContaining('"good" again') } } });
    expect((await rig.call("PUT", "/v1/references/boots", { body: written })).status).toBe(204);
    // What goes on behind the firmware, in register 8, is not in the reference.
    expect((await rig.attest(node, { booted: { 8: new Uint8Array(32) } })).body).toMatchObject({ state: "affirming" });
    expect((await rig.attest(node, { booted: { 4: new Uint8Array(32) } })).body).toMatchObject({
      state: "contraindicated",
      failure: "untrusted-platform",
      why: expect.stringMatching(/^expected register 4 to be 0404.*, as in good, got 0000/) as string,
    });
  });

  it("has not failed", () => {
    expect(rig.failures).toEqual([]);
  });
});

/** What is asked about one canister of a node that has very many. */
import { PGlite } from "@electric-sql/pglite";
import { canisterPage } from "../../packages/isoline/src/fleet/model.ts";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { canisterSample } from "../attest/samples.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

interface CanistersOfNode {
  readonly items: readonly { readonly label: string }[];
  readonly next?: string;
}

describe("a question about one canister of very many", () => {
  const rig = new Rig();
  const node = new SoftwareNode("node-1");

  beforeAll(async () => {
    await rig.enrol([node]);
    await rig.start();
    await rig.rules();
  });
  afterAll(() => rig.close());

  it("does not read the others, whether it is there or not", async () => {
    const many = Array.from({ length: 50 }, (_, at) => canisterSample(`c${at}`, { started: 6 }));
    await rig.attest(node, { canisters: many });
    const asked = vi.spyOn(PGlite.prototype, "query");
    const told = (canister: string) =>
      rig.call("POST", "/v1/nodes/node-1/departures", { token: node.token, body: { canister, departures: [] } });
    const sent = (digest: string) =>
      rig.call("PUT", `/v1/contours/${digest}`, { token: node.token, body: "isoline contour 2\nnot one\nend\n" });
    const named = Buffer.from(many[0]?.contour ?? []).toString("hex");
    const paths = ["c7", "none"].map((label) => `/v1/nodes/node-1/canisters/${label}`);
    const answers = [await told("c7"), await told("none"), await sent(named), await sent("b".repeat(64))];
    for (const path of paths) answers.push(await rig.get(path));
    const rows = asked.mock.settledResults.flatMap(({ type, value }, at) =>
      type === "fulfilled" && /from "canisters"/.test(asked.mock.calls[at]?.[0] ?? "") ? [value.rows.length] : [],
    );
    asked.mockRestore();
    expect(answers.map(({ status }) => status)).toEqual([204, 404, 400, 404, 200, 404]);
    expect(rows).toEqual([1, 0, 1, 0, 1, 0]);
  });

  it("all of them come in pages", async () => {
    const labels: string[] = [];
    const sizes: number[] = [];
    for (let next: string | undefined = ""; next !== undefined; ) {
      const path: string = `/v1/nodes/node-1/canisters?limit=20${next === "" ? "" : `&cursor=${next}`}`;
      const { body } = await rig.get<CanistersOfNode>(path);
      labels.push(...body.items.map(({ label }) => label));
      sizes.push(body.items.length);
      ({ next } = body);
    }
    expect(sizes).toEqual([20, 20, 10]);
    expect(new Set(labels).size).toBe(50);
    expect((await rig.get("/v1/nodes/node-1/canisters?cursor=made-up")).status).toBe(400);
  });

  it("all come in pages that isoline reads where labels are as long as they may be, in letters that take the most bytes", async () => {
    const labels = ["1", "2", "3"].map((last) => `${"\u0001".repeat(255)}${last}`);
    await rig.attest(node, { canisters: labels.map((label) => canisterSample(label, { started: 6 })) });
    const told: string[] = [];
    for (let next: string | undefined = ""; next !== undefined; ) {
      const path: string = `/v1/canisters?limit=1${next === "" ? "" : `&cursor=${next}`}`;
      const page = canisterPage((await rig.get(path)).body, "canisters");
      told.push(...page.items.map(({ label }) => label));
      ({ next } = page);
    }
    expect(told).toEqual(labels);
  });
});

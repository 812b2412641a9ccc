/** Enrolment tokens: which choose a policy, by a label or by the name of a tenant, and what the record of acts has of that. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditPage } from "../../packages/isoline/src/fleet/model.ts";
import { writeAnswer } from "../../packages/attest/src/enrol/index.ts";
import { insertNode } from "../../packages/verifier/src/store/nodes.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { statementIn } from "./set-clock.ts";
import { OPERATOR, Rig, samplePolicy } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const ALL = "operator-of-all-0123456789";
const FULL = "operator-of-full-0123456789";
const ENROLMENT = "0f4b9f5e-2a55-4b7f-9c1e-1d2f3a4b5c6d";
const secret = Buffer.alloc(32, 9);

interface Act {
  readonly act: string;
  readonly detail: string;
}

describe("a token for a tenant", () => {
  const rig = new Rig();
  const [there, late] = [new SoftwareNode("node-1"), new SoftwareNode("node-2")];
  const order = (tenant: string, token?: string, labels?: object) =>
    rig.call("POST", "/v1/enrolment-tokens", {
      body: { tenant, expires: new Date(Date.now() + 600_000), ...(labels && { labels }) },
      ...(token && { token }),
    });

  beforeAll(async () => {
    appendFileSync(join(rig.place, "tokens"), `olga operator * ${ALL}\nfay operator full ${FULL}\n`);
    const store = await stores.openStore(rig.database);
    await insertNode(store.db, there.row("lenient"));
    const { name, document } = late.row();
    const labels = { policy: "strict", site: "7" };
    await stores.writeEnrolment(store.db, {
      ...{ id: ENROLMENT, name, tenant: "acme", labels, document, secret, replaces: null, begun: new Date() },
    });
    // The last one ran out longer ago than it counts for.
    await statementIn(
      store.db,
      "insert into enrolment_tokens (token, tenant, labels, expires) select 'unused ' || at, 'full', '{}', " +
        "now() + (case when at > 10000 then -8 else -6 end) * interval '1 day' from generate_series(1, 10001) as at",
    );
    await store.close();
    await rig.start();
    await rig.rules();
    for (const name of ["lenient", "lax", "acme"])
      await rig.call("PUT", `/v1/policies/${name}`, { body: JSON.stringify(samplePolicy({ name })) });
  });
  afterAll(() => rig.close());

  it("that has no node, and has a policy of its name, needs an administrator of all tenants", async () => {
    expect((await order("lax", ALL)).status).toBe(403);
    expect((await order("lax")).status).toBe(200);
    expect((await order("acme", OPERATOR)).status).toBe(200);
  });

  it("that has a node already, or no policy of its name, may be made by an operator of all tenants", async () => {
    for (const tenant of ["lenient", "plain", "default"]) expect((await order(tenant, ALL)).status).toBe(200);
  });

  it("ends within a year, and is not made where the tenant has as many unused as it may have; others make theirs", async () => {
    const days = (many: number) => new Date(Date.now() + many * 86_400_000);
    const ending = (expires: Date) =>
      rig.call("POST", "/v1/enrolment-tokens", { body: { tenant: "acme", expires }, token: OPERATOR });
    expect(await ending(days(367))).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringMatching(/^expected a time within 366 days, got .*; lower "expires"$/) } },
    });
    expect((await ending(days(365))).status).toBe(200);
    expect(await order("full", FULL)).toMatchObject({
      status: 409,
      body: {
        error: { message: expect.stringMatching(/^expected less than 10000 tokens of tenant full that were not/) },
      },
    });
    expect((await order("acme")).status).toBe(200);
    // Its own people could use all of them up: those of all tenants are not held up by that.
    expect((await order("full")).status).toBe(200);
  });

  it("is in the record with its labels, and so is the node that enrols with it", async () => {
    await order("acme", undefined, { policy: "strict", site: "7" });
    const answer = Buffer.from(writeAnswer({ node: late.id, secret })).toString();
    expect((await rig.call("POST", `/v1/enrolments/${ENROLMENT}/answer`, { token: "", body: { answer } })).status).toBe(
      200,
    );
    const { body } = await rig.get<{ items: readonly Act[] }>("/v1/audit?limit=2");
    expect(body.items).toMatchObject([
      { act: "enrol", detail: `id ${late.id}, labels policy=strict site=7` },
      { act: "make enrolment token", detail: expect.stringMatching(/^until .*Z, labels policy=strict site=7$/) },
    ]);
    expect(rig.failures).toEqual([]);
  });

  it("is in the record with the policy first where its labels are as many and as long as they may be, and the record can be read", async () => {
    const long = Array.from({ length: 31 }, (_, at) => [`a${at}`.padEnd(63, "x"), "🛑".repeat(64)] as const);
    expect((await order("acme", undefined, { ...Object.fromEntries(long), policy: "strict" })).status).toBe(200);
    const { body } = await rig.get<{ items: readonly Act[] }>("/v1/audit");
    expect(body.items[0]?.detail).toMatch(/^until .*Z, labels policy=strict a0x.*…$/);
    expect(auditPage(body, "the record").items).toHaveLength(body.items.length);
  });
});

/** What a monitor says of a verifier whose database is changed beside it, and that it says nothing of one that is left alone. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeAnswer } from "../../packages/attest/src/enrol/index.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { canisterSample } from "../attest/samples.ts";
import { FleetLog } from "./logged.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const rig = new Rig();
const log = new FleetLog(rig.place);
const node = new SoftwareNode("node-1");
const configured = { log: log.configuration };
const secret = Buffer.alloc(32, 9);
const ENROLMENT = "0f4b9f5e-2a55-4b7f-9c1e-1d2f3a4b5c6d";
const many = (count: number) => Array.from({ length: count }, (_, at) => canisterSample(`web-${at}`));

beforeAll(async () => {
  await log.begun;
  await rig.enrol([node]);
});
afterAll(() => rig.close());

const inDatabase = async (work: (db: stores.Database) => Promise<unknown>) => {
  const store = await stores.openStore(rig.database);
  await work(store.db);
  await store.close();
};
const revoke = async () => (await rig.call("POST", "/v1/nodes/node-1/revocation", { body: { reason: "sold" } })).status;
const stated = () => log.statements().flatMap((one) => (one.kind === "change" ? [`${one.from} to ${one.to}`] : []));

it("finds nothing in the life of a node: more canisters than are stated, a revocation, an enrolment anew", async () => {
  await rig.start(configured);
  await rig.rules();
  await rig.attest(node, { canisters: many(3) });
  await rig.attest(node, { canisters: many(100) });
  await rig.attest(node, { canisters: many(2) });
  expect(await revoke()).toBe(200);
  await rig.stop();
  const { name, tenant, labels, document, id } = node.row();
  const row = { id: ENROLMENT, name, tenant, labels, document, secret, replaces: id, begun: new Date() };
  await inDatabase((db) => stores.writeEnrolment(db, row));
  await rig.start(configured);
  const body = { answer: writeAnswer({ node: id, secret }) };
  const { status, body: joined } = await rig.call<{ nodeToken: string }>("POST", `/v1/enrolments/${ENROLMENT}/answer`, {
    token: "",
    body,
  });
  expect(status).toBe(200);
  expect((await rig.attest(Object.assign(node, { token: joined.nodeToken }))).status).toBe(200);
  await rig.stop();
  expect(log.statements().map(({ kind }) => kind)).toContain("changes");
  expect(stated()).toEqual(expect.arrayContaining(["affirming to revoked", "revoked to unknown"]));
  expect(log.findings()).toEqual([]);
});

it("finds a revoked node that was made unknown beside the verifier, once it is affirmed", async () => {
  await rig.start(configured);
  expect(await revoke()).toBe(200);
  await rig.stop();
  await inDatabase((db) => db.updateTable("nodes").set({ state: "unknown" }).where("name", "=", node.name).execute());
  await rig.start(configured);
  expect((await rig.attest(node)).status).toBe(200);
  await rig.stop();
  expect(stated().at(-2)).toBe("unknown to affirming");
  // Of the node, and of its canister.
  expect(log.findings()).toEqual(["broken-succession", "broken-succession"]);
});

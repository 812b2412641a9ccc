/** A verifier whose log waits for a witness: what it states is shown once the witness has signed, and is kept until then. */
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { formatVerifierKey, signerKey } from "../../packages/log/src/note/index.ts";
import { serveWitness, Witness } from "../../packages/log/src/witness/index.ts";
import { MemoryStore } from "../log/logs.ts";
import { FleetLog } from "./logged.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const rig = new Rig();
const log = new FleetLog(rig.place);
const key = signerKey("witness.example/one", "witness");
const server = serveWitness(
  new Witness({ key, logs: [log.verifierKey], store: new MemoryStore(), now: () => 1_790_000_000 }),
);
const policy = join(rig.place, "log.policy");

beforeAll(async () => {
  await log.begun;
  await rig.enrol([new SoftwareNode("node-1")]);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const lines = [
    `log ${formatVerifierKey(log.verifierKey)}`,
    `witness one ${formatVerifierKey(key)} ${address}`,
    "quorum one",
  ];
  writeFileSync(policy, `${lines.join("\n")}\n`, { mode: 0o600 });
});
afterAll(async () => {
  server.close();
  await rig.close();
});

it("shows what a verifier stated, with the signature of the witness; nothing new while the witness is gone", async () => {
  const configured = { log: { ...log.configuration, policy } };
  await rig.start(configured);
  await rig.stop();
  expect(log.statements().map(({ kind }) => kind)).toEqual(["enrolment", "root"]);
  expect(log.shown()).toMatch(/\n\n— example\.com\/fleet \S+\n— witness\.example\/one \S+\n$/);
  server.closeAllConnections();
  server.close();
  await rig.start(configured);
  await rig.rules();
  await rig.stop();
  expect(log.shown()).toMatch(/^example\.com\/fleet\n2\n/);
  expect(log.committed()).toMatch(/^example\.com\/fleet\n5\n/);
});

/** What is in memory for callers that send slowly: it keeps back no one else. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { OPERATOR, Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const MIB = 2 ** 20;
const CHALLENGE = "ab".repeat(32);
const rig = new Rig();
const nodes = [1, 2, 3, 4, 5].map((at) => new SoftwareNode(`node-${at}`));
const [last = new SoftwareNode("none")] = nodes.slice(-1);
const sockets: Socket[] = [];

beforeAll(async () => {
  await rig.enrol(nodes);
  await rig.start();
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await rig.close();
});

/** A request that goes no further than its headers. */
async function begun(address: string, head: string, token: string, more = ""): Promise<Socket> {
  const socket = connect(Number(new URL(address).port), "127.0.0.1").pause();
  sockets.push(socket);
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(`${head} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\n${more}\r\n`);
  return socket;
}

it("nodes that fill what their tenant may have keep no operator from revoking one of them", async () => {
  for (const { name, token } of nodes.slice(0, 4))
    for (const _ of [1, 2, 3, 4])
      await begun(
        rig.address,
        `POST /v1/nodes/${name}/attestations`,
        token,
        `isoline-challenge: ${CHALLENGE}\r\ncontent-type: application/cbor\r\ncontent-length: ${8 * MIB}\r\n`,
      );
  const another = async () => (await rig.send(last, CHALLENGE, new Uint8Array(1))).status;
  await expect.poll(another, { timeout: 20_000 }).toBe(429);
  const revoked = await rig.call("POST", "/v1/nodes/node-1/revocation", {
    token: OPERATOR,
    body: { reason: "its token was stolen" },
  });
  expect(revoked).toMatchObject({ status: 200, body: { state: "revoked" } });
}, 120_000);

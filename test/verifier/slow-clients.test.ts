/** Clients that send their body slowly, or read nothing of their answer, are let go: their places are free again. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as passed } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { configurationIn } from "../../packages/verifier/src/serve/configuration.ts";
import { type Listening, listen } from "../../packages/verifier/src/serve/server.ts";

/** More than a client's kernel and the server's keep of an answer together. */
const LARGE = 128 * 2 ** 20;
const patience = { headers: 200, request: 400, check: 50, unread: 400 };
const configuration = configurationIn({
  ...{ listen: "127.0.0.1:0", database: "pglite:store", keys: "keys", trust: "trust" },
  limits: { connections: 1 },
});

let server: Listening;
const sockets: Socket[] = [];

async function answerTo(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/large") return new Response(new Uint8Array(LARGE));
  if (pathname === "/late") await passed(3 * patience.unread);
  return new Response(`got ${(await request.text()).length}`);
}

beforeEach(async () => {
  server = await listen(answerTo, configuration, () => {}, patience);
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await server.close();
});

async function connected(): Promise<Socket> {
  const socket = connect(Number(new URL(server.address).port), "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** All that is said on a connection, until it is closed. */
async function heard(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  socket.on("data", (piece: Buffer) => pieces.push(piece));
  await once(socket, "close");
  return Buffer.concat(pieces);
}

/** There is one place, and none gives way to a client of the same address: as long as that is taken, nothing is answered. */
async function answer(path: string): Promise<string> {
  const socket = await connected();
  socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
  return String(await heard(socket));
}

it("one that sends its body byte by byte is told so, and let go", async () => {
  const socket = await connected();
  socket.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n");
  const dribbling = setInterval(() => socket.write("x"), 20);
  const said = String(await heard(socket));
  clearInterval(dribbling);
  expect(said).toMatch(/^HTTP\/1\.1 408 /);
  await expect.poll(() => answer("/")).toMatch(/^HTTP\/1\.1 200 /);
});

it("one that never reads its answer is let go, and does not get the rest of it", async () => {
  const socket = await connected();
  socket.pause().write("GET /large HTTP/1.1\r\nhost: a\r\n\r\n");
  await expect.poll(() => answer("/")).toMatch(/^HTTP\/1\.1 200 /);
  const got = await heard(socket.resume());
  expect(String(got.subarray(0, 12))).toBe("HTTP/1.1 200");
  expect(got.length).toBeLessThan(LARGE);
});

it("one whose answer takes longer to make is not", async () => {
  expect(await answer("/late")).toMatch(/^HTTP\/1\.1 200 [^]*\r\ngot 0/);
});

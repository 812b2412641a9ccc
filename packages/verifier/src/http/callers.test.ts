import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { afterEach, expect, it } from "vitest";
import { Limits } from "../access/index.ts";
import { AtOnce } from "./at-once.ts";
import { BytesAtOnce } from "./bytes-at-once.ts";
import { largeAnswer } from "./callers.ts";
import { type Door, type Env, personOf } from "./door.ts";
import { heldJson } from "./held.ts";

const people = [
  (token: string) =>
    Promise.resolve({ name: token, role: "viewer", tenant: token === "eva" ? "other" : "acme" } as const),
];
const LARGE = "-".repeat(2 ** 25);
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server with these routes; gives who asks it. */
async function served(app: Hono<Env>) {
  app.onError((_, c) => c.text("refused", 429));
  const listener = getRequestListener(app.fetch);
  const server = createServer((request, response) => void listener(request, response)).listen(0, "127.0.0.1");
  closing.push(() => server.close().closeAllConnections());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    status: async (person: string, path = "/") => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${person}` } });
      await answer.body?.cancel();
      return answer.status;
    },
    /** A request of one who reads nothing of the answer. */
    unread: (person: string, path = "/") => {
      const socket = connect(port, "127.0.0.1").pause();
      socket.on("error", () => {});
      socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${person}\r\n\r\n`);
      closing.push(() => socket.destroy());
      return socket;
    },
  };
}

const doorWith = (more: object) => ({ people, limits: { person: new Limits(1000, 1000) }, ...more }) as unknown as Door;

it("a person who reads none of two large answers gets no third one, and others get theirs", async () => {
  const door = doorWith({ answering: new AtOnce("2 answers", 2) });
  const { status, unread } = await served(new Hono<Env>().get("/", largeAnswer(door), (c) => c.body(LARGE)));
  const sockets = [unread("vic"), unread("vic")];
  await expect.poll(() => status("vic"), { timeout: 30_000 }).toBe(429);
  expect(await status("ola")).toBe(200);
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => status("vic"), { timeout: 30_000 }).toBe(200);
}, 120_000);

it("a person who hangs up gets no further large answer while those that were asked for are being made", async () => {
  const making: (() => void)[] = [];
  const door = doorWith({ answering: new AtOnce("2 answers", 2) });
  const app = new Hono<Env>()
    .get("/", largeAnswer(door), async (c) => {
      await new Promise<void>((resolve) => making.push(resolve));
      return c.body("made");
    })
    .get("/other", largeAnswer(door), (c) => c.body("made"));
  const { status, unread } = await served(app);
  const sockets = [unread("vic"), unread("vic")];
  await expect.poll(() => making.length, { timeout: 30_000 }).toBe(2);
  const gone = sockets.map((socket) => once(socket, "close"));
  for (const socket of sockets) socket.destroy();
  await Promise.all(gone);
  // The server has seen by now that they are gone: it answers others.
  expect([await status("ola", "/other"), await status("vic", "/other")]).toEqual([200, 429]);
  for (const make of making) make();
  await expect.poll(() => status("vic", "/other"), { timeout: 30_000 }).toBe(200);
}, 120_000);

it("answers that a person leaves unread count by their bytes, and keep back none of another tenant", async () => {
  const door = doorWith({ answers: new BytesAtOnce(2 ** 26) });
  const app = new Hono<Env>().get("/:letters", async (c) => {
    await personOf(c, door, "viewer");
    return heldJson(c, door, { items: LARGE.slice(0, Number(c.req.param("letters"))) });
  });
  const { status, unread } = await served(app);
  const socket = unread("vic", `/${LARGE.length}`);
  await expect.poll(() => status("vic", "/100"), { timeout: 30_000 }).toBe(429);
  expect([await status("ola", "/100"), await status("eva", `/${LARGE.length}`)]).toEqual([200, 200]);
  socket.destroy();
  await expect.poll(() => status("vic", `/${LARGE.length}`), { timeout: 30_000 }).toBe(200);
}, 120_000);

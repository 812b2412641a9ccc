import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { expect, it } from "vitest";
import { Limits } from "../access/index.ts";
import { AtOnce } from "./at-once.ts";
import { largeAnswer } from "./callers.ts";
import type { Door, Env } from "./door.ts";

it("a person who reads none of two large answers gets no third one, and others get theirs", async () => {
  const people = [(token: string) => Promise.resolve({ name: token, role: "viewer", tenant: "acme" } as const)];
  const answering = new AtOnce("2 answers", 2);
  const door = { people, answering, limits: { person: new Limits(1000, 1000) } } as unknown as Door;
  const app = new Hono<Env>().get("/", largeAnswer(door), (c) => c.body("-".repeat(2 ** 25)));
  app.onError((_, c) => c.text("refused", 429));
  const listener = getRequestListener(app.fetch);
  const server = createServer((request, response) => void listener(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const status = async (person: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { authorization: `Bearer ${person}` } });
    await answer.body?.cancel();
    return answer.status;
  };
  const unread = [1, 2].map(() => connect(port, "127.0.0.1").pause());
  for (const socket of unread) socket.write("GET / HTTP/1.1\r\nhost: a\r\nauthorization: Bearer vic\r\n\r\n");
  await expect.poll(() => status("vic"), { timeout: 30_000 }).toBe(429);
  expect(await status("ola")).toBe(200);
  for (const socket of unread) socket.destroy();
  await expect.poll(() => status("vic"), { timeout: 30_000 }).toBe(200);
  server.close();
  server.closeAllConnections();
}, 120_000);

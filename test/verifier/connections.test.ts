/** Connections of a verifier: so many at most, and no address keeps the others out. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { configurationIn } from "../../packages/verifier/src/serve/configuration.ts";
import { type Listening, listen } from "../../packages/verifier/src/serve/server.ts";

const [FIRST, SECOND] = ["127.0.0.1", "127.0.0.2"] as const;
const configuration = configurationIn({
  ...{ listen: "127.0.0.1:0", database: "pglite:store", keys: "keys", trust: "trust" },
  limits: { connections: 4 },
});

let server: Listening;
const noted: string[] = [];
const sockets: Socket[] = [];

beforeAll(async () => {
  server = await listen(
    () => new Response("answered"),
    configuration,
    (line) => noted.push(line),
  );
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await server.close();
});

/** A connection from an address of this machine, and whether it was ended by the other side. */
async function connected(localAddress: string) {
  const socket = connect({ port: Number(new URL(server.address).port), host: "127.0.0.1", localAddress });
  sockets.push(socket);
  const ended = once(socket, "close").then(() => "ended" as const);
  socket.on("error", () => {});
  await Promise.race([once(socket, "connect"), ended]);
  return { socket, ended };
}

async function answers({ socket, ended }: Awaited<ReturnType<typeof connected>>): Promise<string> {
  const said = once(socket, "data").then(([bytes]) => String(bytes).slice(0, "HTTP/1.1 200".length));
  socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  return Promise.race([said, ended]);
}

it("an address that has all of them gives way to others, up to an equal share, and no other one gives way to it", async () => {
  const first = [await connected(FIRST), await connected(FIRST), await connected(FIRST), await connected(FIRST)];
  expect(await answers(await connected(FIRST))).toBe("ended");
  const second = [await connected(SECOND), await connected(SECOND)];
  expect(await Promise.all(first.slice(0, 2).map(({ ended }) => ended))).toEqual(["ended", "ended"]);
  expect(await answers(await connected(SECOND))).toBe("ended");
  expect(await answers(await connected(FIRST))).toBe("ended");
  const left = [...first.slice(2), ...second];
  expect(await Promise.all(left.map(answers))).toEqual(left.map(() => "HTTP/1.1 200"));
  expect(noted).toEqual([
    "all 4 connections were taken, so 1 ended; most, 4, are of 127.0.0.1; see limits.connections",
  ]);
});

it("a place is free again when its connection has ended", async () => {
  for (const socket of sockets) socket.destroy();
  await expect.poll(async () => answers(await connected(SECOND))).toBe("HTTP/1.1 200");
});

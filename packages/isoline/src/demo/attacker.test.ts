import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { Attacker } from "./attacker.ts";

async function send(port: number, text: string): Promise<void> {
  const socket = connect(port, "127.0.0.1").end(text);
  socket.resume();
  await once(socket, "close");
}

test("knows who came and what they brought, until it is asked", async () => {
  const attacker = await Attacker.listen();
  expect(attacker.connections).toBe(0);
  await send(attacker.port, "a key");
  expect(attacker.connections).toBe(1);
  expect(attacker.takeReceived()).toBe("a key");
  expect(attacker.connections).toBe(0);
  expect(attacker.takeReceived()).toBe("");
  await send(attacker.port, "");
  expect(attacker.connections).toBe(1);
  attacker.close();
});

test("keeps no more than it can show", async () => {
  const attacker = await Attacker.listen();
  await send(attacker.port, "x".repeat(200_000));
  expect(attacker.takeReceived()).toHaveLength(65_536);
  attacker.close();
});

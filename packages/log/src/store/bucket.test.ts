/** What an object store may do with the time of those who ask it. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { Bucket } from "./bucket.ts";

const SILENT_MS = 2000;
let server: Server;

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Asks a server that answers so. */
async function got(answers: (response: ServerResponse) => void) {
  server = createServer((_, response) => answers(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const keys = { accessKey: "a", secretKey: "b", sessionToken: undefined };
  const bucket = new Bucket(
    { endpoint, bucket: "logs", prefix: "", region: "eu", ...keys },
    { silent: SILENT_MS, pause: 1 },
  );
  return await bucket.get("tile");
}

it("may take longer for an object than it may be silent", async () => {
  const found = await got((response) => {
    let left = 6;
    const drip = setInterval(() => {
      left -= 1;
      response.write("x");
      if (left > 0) return;
      clearInterval(drip);
      response.end();
    }, SILENT_MS / 4);
  });
  expect(found?.bytes.length).toBe(6);
}, 60_000);

it("is given up where it stops within an object", async () => {
  const stopped = got((response) => response.write("beginning"));
  await expect(stopped).rejects.toThrow("GET tile: the object store cannot be reached: it was silent for 2 s");
}, 60_000);

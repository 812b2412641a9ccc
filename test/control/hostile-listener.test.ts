/** Clients of a socket that a process of the same user has put up: what it answers is bounded, in time as well, and has to be an object. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Connection } from "../../packages/isoline/src/control/connection.ts";
import { ControlClient } from "../../packages/isoline/src/control/client.ts";

const PATIENCE_MS = 200;
let place = "";
let server: Server;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-hostile-"));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(place, { recursive: true, force: true });
});

async function listener(answers: (response: ServerResponse) => void): Promise<string> {
  const path = join(place, "x.sock");
  server = createServer((_, response) => answers(response));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}

describe("a listener that is no supervisor", () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ["sends its headers and no more", (response) => response.flushHeaders()],
    ["begins an answer and does not end it", (response) => response.write('{"isoline": 1')],
    ["says nothing", () => {}],
  ])("and %s is given up", async (_, answers) => {
    const connection = new Connection("x", await listener(answers), { patience: PATIENCE_MS });
    await expect(connection.fetch("GET", "/state")).rejects.toMatchObject({
      ...{ code: "namespace-lost", message: "x: it did not answer in 0.2 s" },
    });
  });

  it("may let a reader of its events wait", async () => {
    const path = await listener((response) => {
      response.flushHeaders();
      setTimeout(() => response.end('{"sequence":1}\n'), 2 * PATIENCE_MS);
    });
    const seen: object[] = [];
    for await (const line of new Connection("x", path, { patience: PATIENCE_MS }).lines("/events")) seen.push(line);
    expect(seen).toEqual([{ sequence: 1 }]);
  });

  it.each([
    [200, "null"],
    [200, '"words"'],
    [503, "null"],
    [503, "7"],
  ])("and answers %i with %s is refused as one that is not JSON is", async (status, body) => {
    const client = new ControlClient("x", await listener((response) => response.writeHead(status).end(body)));
    const asked = [client.state(), client.seal(), client.attest(undefined), client.join(undefined, [])];
    const codes = (await Promise.allSettled(asked)).map((each) => each.status === "rejected" && codeOf(each.reason));
    expect(codes).toEqual(asked.map(() => "namespace-lost"));
  });
});

const codeOf = (fault: unknown) => (fault as { readonly code?: unknown }).code;

/** What a server may do with the time of those who ask it. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { patientFetch } from "./patient-fetch.ts";

class Lost extends Error {}

const SILENT_MS = 2000;
let server: Server;

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Asks a server that answers so. */
async function asked(answers: (response: ServerResponse) => void) {
  server = createServer((_, response) => answers(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const lost = (why: string) => new Lost(why);
  return patientFetch(url, { redirect: "error", lost, silentMs: SILENT_MS });
}

/** A piece at a time, each well within the patience, and all together beyond it. */
function dripping(response: ServerResponse): void {
  response.flushHeaders();
  let left = 6;
  const drip = setInterval(() => {
    left -= 1;
    if (left > 0) return void response.write("x");
    clearInterval(drip);
    response.end("x");
  }, SILENT_MS / 4);
}

describe("a server", () => {
  it("may take longer for its answer than it may be silent", async () => {
    const answer = await asked(dripping);
    expect((await answer.bytes(2 ** 20))?.length).toBe(6);
  });

  it.each<[string, number, RegExp, (response: ServerResponse) => void]>([
    ["stops after its headers", 2 ** 20, /^it was silent for 2 s$/, (response) => response.flushHeaders()],
    ["stops within its answer", 2 ** 20, /^it was silent for 2 s$/, (response) => response.write("beginning")],
    ["sends so slowly that it never ends", 8, /^it took more than 2 s$/, dripping],
    [
      "breaks off",
      2 ** 20,
      /./,
      (response) => {
        response.writeHead(200, { "content-length": 1000 });
        response.write("beginning", () => response.destroy());
      },
    ],
  ])("that %s is given up, with the error of the one who asks", async (_, most, why, answers) => {
    const fault = await asked(answers)
      .then((answer) => answer.bytes(most))
      .catch((caught: unknown) => caught);
    expect(fault).toBeInstanceOf(Lost);
    expect((fault as Lost).message).toMatch(why);
  });

  it("that does not answer at all is given up", async () => {
    await expect(asked(() => {})).rejects.toThrow(/^it was silent for 2 s$/);
  });
});

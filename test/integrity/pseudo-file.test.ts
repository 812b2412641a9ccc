/** The pseudo-file: an integrity policy over the control socket of a live namespace. */
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readBinaryList } from "../../packages/isoline/src/integrity/list/read-binary.ts";
import { verifyList } from "../../packages/isoline/src/integrity/list/verify.ts";
import { isBuilt } from "../support/isoline.ts";
import { Bench } from "./live.ts";

const bench = new Bench();

describe.skipIf(!isBuilt)("the pseudo-file in the control socket", () => {
  it("accepts a policy once, then is sealed; reading gives the policy and the lists", async () => {
    const name = `ima-${process.pid}`;
    const gate = bench.path("gate");
    execFileSync("mkfifo", [gate]);
    const rules = "measure func=BPRM_CHECK\nmeasure func=CRITICAL_DATA label=app\n";
    const asked: { status: number; body: Buffer }[] = [];
    const ask = async (method: string, path: string, body?: string) => {
      const answer = await overSocket(name, method, path, body);
      asked.push(answer);
      return answer;
    };
    const client = (async () => {
      await untilThere(name);
      await ask("POST", "/ima/policy", "measure func=BPRM_CHECK\nmeasure nonsense\n");
      const critical = "/ima/critical_data?event=settings&label=";
      await ask("POST", `${critical}app`, "early");
      await ask("POST", "/ima/policy", rules);
      await ask("POST", `${critical}app`, "x=\u00e9");
      await ask("POST", `${critical}other`, "x");
      await ask("POST", `${critical}kernel_info`, "x");
      await ask("POST", `/ima/critical_data?label=app&event=${"e".repeat(300)}`, "x");
      await ask("POST", "/ima/policy", "dont_measure\n");
      await ask("GET", "/ima/policy");
      await ask("POST", "/ima/policy", "#".repeat(70_000));
      writeFileSync(gate, "go\n");
      for (let tries = 0; tries < 400; tries++) {
        const { body } = await overSocket(name, "GET", "/ima/ascii_runtime_measurements");
        if (body.toString().includes("/cat")) break;
      }
      await ask("GET", "/ima/binary_runtime_measurements_sha256");
      await ask("GET", "/ima/violations");
      writeFileSync(gate, "go\n");
    })();
    const { integrity } = await bench.learn(`read go < ${gate}; cat /etc/hostname; read go < ${gate}`, {
      more: ["--name", name],
    });
    await client;
    expect(asked.map(({ status }) => status)).toEqual([400, 409, 200, 200, 409, 400, 400, 409, 200, 413, 200, 200]);
    expect(asked[8]?.body.toString()).toBe(rules);
    expect(asked[3]?.body.toString()).toBe("register 10\n");
    const list = readBinaryList(asked[10]?.body as Buffer);
    expect(verifyList(list).problems).toEqual([]);
    const buffers = list.entries
      .filter(({ template }) => template === "ima-buf")
      .map(({ data }) => data.toString("utf8"));
    expect(buffers).toEqual([expect.stringMatching(/settings\0.*x=\u00e9$/s)]);
    expect(asked[11]?.body.toString()).toBe("0\n");
    expect(integrity?.entries).toBeGreaterThanOrEqual(2);
  });
});

const socketOf = (name: string) =>
  ["/run/isoline", `/tmp/isoline-${process.getuid?.()}`]
    .map((directory) => join(directory, `${name}.sock`))
    .find(existsSync);

/** The start of a supervisor waits for a busy machine, and the test for the start. */
async function untilThere(name: string): Promise<void> {
  for (let tries = 0; socketOf(name) === undefined; tries++) {
    if (tries === 6000) throw new Error(`expected the control socket of ${name} within a minute, found none`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function overSocket(name: string, method: string, path: string, body = ""): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const headers = { "content-length": Buffer.byteLength(body) };
    const outgoing = request({ socketPath: socketOf(name), path, method, headers, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces) }));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

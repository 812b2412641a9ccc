/** What the agent of a launch host answers, without a machine: a request that fails is refused, and the next one is served. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Init } from "../../packages/isoline/src/launch-host/init.ts";
import { Port, type Stream } from "../../packages/isoline/src/launch-host/port.ts";
import { type HostPlaces, Requests } from "../../packages/isoline/src/launch-host/requests.ts";
import { layoutOf } from "../../tools/images/image-layout.mjs";
import { tar } from "../../tools/images/push.mjs";

const CHALLENGE = "ab".repeat(32);
const DOCUMENT = "a challenge of the verifier";

let place = "";
let places: HostPlaces;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-requests-"));
  places = {
    ...{ canisters: join(place, "canisters"), contours: join(place, "contours") },
    ...{ said: join(place, "said"), evidence: join(place, "evidence") },
  };
  for (const folder of Object.values(places)) mkdirSync(folder as string);
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

/** What init does: it writes evidence, and answers with what it was asked. Of a canister nothing is heard. */
function anInit(change: Partial<Init> = {}): Init {
  const writes = (name: string, text: string) => {
    writeFileSync(join(places.evidence, name), text);
    return Promise.resolve(0);
  };
  return {
    run: () => new Promise(() => {}),
    stop: () => Promise.resolve(0),
    evidence: (challenge) => writes(challenge, `evidence for ${challenge}`),
    enrol: (name) => writes(name, "who I am"),
    answer: (name) => writes(name, `answer to ${readFileSync(join(places.evidence, `${name}-asked`), "utf8")}`),
    ...change,
  };
}

/** Serves these requests and the end; the answers, each as its word and its text. */
async function answersTo(requests: readonly (string | Buffer)[], init = anInit()): Promise<readonly string[]> {
  let left = Buffer.concat([...requests, "end\n"].map((each) => Buffer.from(each)));
  let said = Buffer.alloc(0);
  const stream = {
    read: (buffer: Buffer) => {
      const bytesRead = left.copy(buffer);
      left = left.subarray(bytesRead);
      return Promise.resolve({ bytesRead, buffer });
    },
    write: (bytes: Buffer) => {
      said = Buffer.concat([said, bytes]);
      return Promise.resolve({ bytesWritten: bytes.length, buffer: bytes });
    },
  } as unknown as Stream;
  await new Requests(new Port(stream), init, { keys: [], learns: true }, places).serve();
  return partsOf(said);
}

function partsOf(said: Buffer): string[] {
  const end = said.indexOf(0x0a);
  if (end < 0) return [];
  const [word = "", length = ""] = said.toString("utf8", 0, end).split(" ");
  const from = end + 1;
  const next = from + Number(length);
  return [`${word}: ${said.toString("utf8", from, next)}`, ...partsOf(said.subarray(next))];
}

function aPush(name: string): Buffer {
  const layout = layoutOf([tar([["program", Buffer.from("none")]])], { Entrypoint: ["/program"] });
  const bytes = tar([...layout.files]);
  return Buffer.concat([Buffer.from(`push ${name} ${bytes.length}\n`), bytes]);
}

describe("a launch host", () => {
  it("refuses what a canister said where init has not started it, and goes on", async () => {
    const [pushed, said, state] = await answersTo([aPush("web"), "said web\n", "state web\n"]);
    expect([pushed, state]).toEqual(["ok: ", "ok: running\n"]);
    expect(said).toMatch(/^refused: expected the name of a canister that was started, got ENOENT; ask for the state/);
  });

  it("removes its files when it has answered", async () => {
    const answers = await answersTo([
      `evidence ${CHALLENGE}\n`,
      "enrol\n",
      ...[`answer ${DOCUMENT.length}\n`, DOCUMENT],
      `evidence ${CHALLENGE}\n`,
    ]);
    expect(answers).toEqual([
      `ok: evidence for ${CHALLENGE}`,
      "ok: who I am",
      `ok: answer to ${DOCUMENT}`,
      `ok: evidence for ${CHALLENGE}`,
      "ok: ",
    ]);
    expect(readdirSync(places.evidence)).toEqual([]);
  });

  it("removes its files when its collector has failed, and goes on where the collector has written nothing", async () => {
    const fails = { answer: () => Promise.resolve(1), evidence: () => Promise.resolve(0) };
    const asked = [`answer ${DOCUMENT.length}\n`, DOCUMENT, `evidence ${CHALLENGE}\n`];
    const [failed, missing, ended] = await answersTo(asked, anInit(fails));
    expect(failed).toMatch(/^refused: expected an answer from the collector, got status 1;/);
    expect(missing).toMatch(/^refused: expected an answer from the collector, got ENOENT;/);
    expect(ended).toBe("ok: ");
    expect(readdirSync(places.evidence)).toEqual([]);
  });

  it("goes on where there is no place for a challenge or for a canister", async () => {
    for (const folder of [places.evidence, places.canisters]) rmSync(folder, { recursive: true });
    const answers = await answersTo([`answer ${DOCUMENT.length}\n`, DOCUMENT, aPush("web")]);
    expect(answers).toEqual([
      expect.stringMatching(/^refused: expected room for the challenge, got ENOENT;/) as string,
      expect.stringMatching(/^refused: expected room for a canister, got ENOENT; start the machine anew/) as string,
      "ok: ",
    ]);
    expect(existsSync(places.canisters)).toBe(false);
  });
});

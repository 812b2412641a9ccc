/**
 * Learns the contour of a launch host, and those of canisters, by doing once, on an image that learns, what the image that enforces is
 * to do: accept, refuse, answer, attest, end.
 */
import { generateKeyPairSync } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { layoutOf, signedPush } from "./image-layout.mjs";
import { learningHost } from "./launch-host.mjs";
import { boot } from "./machine.mjs";
import { Refused } from "./port-client.mjs";
import { tar } from "./push.mjs";

const LIMIT_SECONDS = 1200;
const PAUSE_MS = 500;
const MOST_LEARNT = 64;
const NONSENSE = Buffer.from("{}");

/** What every launch host meets: strangers who ask for what it refuses. */
const REFUSED = [
  "state unknown",
  "said unknown",
  "stop unknown",
  "evidence 00",
  "push ../up 0",
  "answer 0",
  "what is",
  "",
];

/**
 * @param {{ shared: Buffer, tpm: string, canisters: ReadonlyMap<string, Buffer> }} order `canisters`: pushes, by name
 * @returns {Promise<{ host: Buffer, canisters: ReadonlyMap<string, Buffer> }>} `canisters`: by the digest of the image;
 *   what was pushed with its contour, by the name of its file
 */
export async function learnContours({ shared, tpm, canisters }) {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const image = learningHost(shared, publicKey.export({ type: "spki", format: "pem" }).toString());
  const machine = await boot({ image, tpm, limitSeconds: LIMIT_SECONDS });
  const { port } = machine;
  try {
    for (const [name, push] of canisters) {
      await port.ask(`push ${name} ${push.length}`, push);
      await readied(port, name);
      await port.ask(`stop ${name}`);
      // Its contour is written when it has ended.
      while ((await port.ask(`state ${name}`)).toString() === "running\n") await pause(PAUSE_MS);
    }
    // The agent takes a signed contour in, and refuses another for the same image. What is in it is the runtime's to judge.
    const layout = layoutOf([tar([["program", Buffer.from("none")]])], { Entrypoint: ["/program"] });
    const [first, other] = ["one\n", "other\n"].map((text) => signedPush(layout, Buffer.from(text), privateKey));
    await port.ask(`push signed ${first?.length}`, first);
    await expectRefusal(port, `push other ${other?.length}`, other);
    const nonsense = tar([["index.json", NONSENSE]]);
    for (const line of REFUSED) await expectRefusal(port, line);
    await expectRefusal(port, `push nonsense ${nonsense.length}`, nonsense);
    await port.ask(`evidence ${"00".repeat(32)}`).catch(passRefusal);
    await port.ask("enrol").catch(passRefusal);
    await expectRefusal(port, `answer ${NONSENSE.length}`, NONSENSE);
    await port.ask("end");
    const learnt = new Map();
    while (learnt.size < MOST_LEARNT) {
      const bytes = await port.answer();
      if (bytes.length === 0) break;
      const end = bytes.indexOf(0x0a);
      learnt.set(bytes.toString("latin1", 0, end), bytes.subarray(end + 1));
    }
    const host = learnt.get("host.contour");
    if (host === undefined) throw new Error(`the machine has learnt no contour of its own: ${machine.console()}`);
    learnt.delete("host.contour");
    return { host, canisters: new Map([...learnt].map(([name, bytes]) => [imageOf(name) ?? name, bytes])) };
  } finally {
    await machine.stop();
  }
}

/**
 * The runtime names a contour that it learns after the image: its name, and a digest of it (packages/isoline/src/canister/label.ts).
 *
 * @param {string} name
 */
function imageOf(name) {
  const [, digest] = /^pushed_sha256_([0-9a-f]{64})@[0-9a-f]{32}\.contour$/.exec(name) ?? [];
  return digest === undefined ? undefined : `sha256:${digest}`;
}

/**
 * A canister says `ready` once it has done all that it is to learn.
 *
 * @param {import("./port-client.mjs").PortClient} port @param {string} name
 */
export async function readied(port, name) {
  for (;;) {
    const state = (await port.ask(`state ${name}`)).toString();
    const said =
      state === "running\n" ? await port.ask(`said ${name}`).catch(passRefusal) : await port.ask(`said ${name}`);
    if (said?.includes("ready\n")) return said;
    if (state !== "running\n")
      throw new Error(`expected ${name} to say ready, got ${state.trimEnd()}, after ${said?.toString() ?? "nothing"}`);
    await pause(PAUSE_MS);
  }
}

/** @param {unknown} fault */
function passRefusal(fault) {
  if (!(fault instanceof Refused)) throw fault;
  return undefined;
}

/** @param {import("./port-client.mjs").PortClient} port @param {string} line @param {Buffer} [bytes] */
async function expectRefusal(port, line, bytes) {
  const answer = await port.ask(line, bytes).catch(passRefusal);
  if (answer !== undefined) throw new Error(`expected ${line} to be refused, and it was done`);
}

/** Witnesses and proofs: a log that shows two histories is caught, and a proof holds without a network. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  formatVerifierKey,
  openCheckpoint,
  type SignerKey,
  signerKey,
  signNote,
  signatureLine,
} from "../../packages/log/src/note/index.ts";
import {
  formatProof,
  openWitnessed,
  parsePolicy,
  parseProof,
  proveEntry,
  verifyProof,
} from "../../packages/log/src/proof/index.ts";
import {
  askWitness,
  compareWitnesses,
  cosign,
  hashOf,
  serveWitness,
  Witness,
} from "../../packages/log/src/witness/index.ts";
import { CHECKPOINT, Log } from "../../packages/log/src/writer/index.ts";
import { entries, entry, MemoryStore } from "./logs.ts";

const logKey = signerKey("example.com/log", "log");
const NOW = 1_780_000_000;

interface Running {
  readonly key: SignerKey;
  readonly address: string;
  readonly store: MemoryStore;
  readonly server: Server;
}

async function running(name: string): Promise<Running> {
  const key = signerKey(name, "witness");
  const store = new MemoryStore();
  const server = serveWitness(new Witness({ key, logs: [logKey], store, now: () => NOW }));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { key, store, server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

let one: Running;
let two: Running;
beforeEach(async () => {
  [one, two] = [await running("witness.example/one"), await running("witness.example/two")];
});
afterEach(() => {
  for (const { server } of [one, two]) server.closeAllConnections();
  for (const { server } of [one, two]) server.close();
});

const policy = () =>
  parsePolicy(
    [
      `log ${formatVerifierKey(logKey)}`,
      `witness one ${formatVerifierKey(one.key)} ${one.address}`,
      `witness two ${formatVerifierKey(two.key)}`,
      "group both all one two",
      "quorum both",
      "",
    ].join("\n"),
  );

async function grown(size: number, from = 0): Promise<{ log: Log; store: MemoryStore }> {
  const store = new MemoryStore();
  const log = await Log.create(store, logKey, { waitsForWitnesses: true });
  await log.append(entries(from, from + size));
  return { log, store };
}

/** Asks both, and shows the checkpoint that they signed. */
async function witnessed(log: Log, store: MemoryStore): Promise<string> {
  const { head, signed } = log;
  const signatures = await Promise.all([one, two].map((each) => askWitness(each, signed, store.read)));
  await log.publish(head, signatures);
  return Buffer.from(store.read(CHECKPOINT) ?? []).toString("utf8");
}

const post = (body: string | Uint8Array) => fetch(`${one.address}add-checkpoint`, { method: "POST", body });

describe("a witness", () => {
  it("signs for a log as it grows, and says which checkpoint it signed last", async () => {
    const { log, store } = await grown(10);
    await witnessed(log, store);
    await log.append(entries(10, 700));
    const shown = await witnessed(log, store);
    expect(openWitnessed(shown, logKey.name, policy())).toMatchObject({ size: 700 });
    expect(openCheckpoint(shown, logKey, [one.key, two.key]).witnesses.map(({ seconds }) => seconds)).toEqual([
      NOW,
      NOW,
    ]);
    const latest = await (await fetch(`${one.address}${hashOf(logKey.name)}/checkpoint`)).text();
    expect(openCheckpoint(latest, logKey, [one.key])).toMatchObject({ size: 700, witnesses: [{ key: one.key }] });
  });

  it("does not sign a second history, and does not sign for a log that lost its end", async () => {
    const { log, store } = await grown(600);
    await witnessed(log, store);
    const other = await grown(700, 1);
    await expect(askWitness(one, other.log.signed, other.store.read)).rejects.toThrow(/422/);
    const restored = await grown(300);
    await expect(askWitness(one, restored.log.signed, restored.store.read)).rejects.toThrow(
      /600 entries.*a part of it was lost/,
    );
  });

  it("catches a log that shows one history to one witness and one to another", async () => {
    const [shownToOne, shownToTwo] = [await grown(20), await grown(20, 5)];
    const first = await askWitness(one, shownToOne.log.signed, shownToOne.store.read);
    const second = await askWitness(two, shownToTwo.log.signed, shownToTwo.store.read);
    // Neither checkpoint has enough signatures, and the signature under the other one does not help it.
    const alone = shownToOne.log.signed + signatureLine(first);
    expect(() => openWitnessed(alone, logKey.name, policy())).toThrow(/too few witnesses/);
    expect(() => openWitnessed(alone + signatureLine(second), logKey.name, policy())).toThrow(/does not verify/);
    await expect(askWitness(one, shownToTwo.log.signed, shownToTwo.store.read)).rejects.toThrow(/does not sign/);
    // What the two witnesses serve is the proof: two checkpoints of one size, both signed by the log.
    const served = await Promise.all(
      [one, two].map(async ({ address }) => (await fetch(`${address}${hashOf(logKey.name)}/checkpoint`)).text()),
    );
    const [a, b] = served.map((text) => openCheckpoint(text, logKey));
    expect(a?.size).toBe(b?.size);
    expect(Buffer.from(a?.root ?? []).equals(Buffer.from(b?.root ?? []))).toBe(false);
  });

  it("answers what its specification asks for", async () => {
    const { log, store } = await grown(4);
    await askWitness(one, log.signed, store.read);
    const unknown = await Log.create(new MemoryStore(), signerKey("example.com/other", "log"));
    const forged = await Log.create(new MemoryStore(), signerKey(logKey.name, "log"));
    const hash = Buffer.alloc(32).toString("base64");
    const answers = {
      nothing: await post(""),
      "no size": await post(`old x\n\n${log.signed}`),
      "a size with a zero before it": await post(`old 04\n\n${log.signed}`),
      "a short hash": await post(`old 4\nAAAA\n\n${log.signed}`),
      "too many hashes": await post(`old 4\n${`${hash}\n`.repeat(64)}\n${log.signed}`),
      "an old size that is larger": await post(`old 5\n\n${log.signed}`),
      "a log that it does not know": await post(`old 0\n\n${unknown.signed}`),
      "a forged signature": await post(`old 4\n\n${forged.signed}`),
      "another old size": await post(`old 3\n\n${log.signed}`),
      "a proof where none is due": await post(`old 4\n${hash}\n\n${log.signed}`),
      "the same checkpoint": await post(`old 4\n\n${log.signed}`),
      "bytes that are no UTF-8": await post(Uint8Array.of(0xff, 0xfe)),
      "too many bytes": await post("x".repeat(200_000)),
      "another path": await fetch(`${one.address}sign-subtree`, { method: "POST", body: "" }),
    };
    expect(Object.fromEntries(Object.entries(answers).map(([what, { status }]) => [what, status]))).toEqual({
      nothing: 400,
      "no size": 400,
      "a size with a zero before it": 400,
      "a short hash": 400,
      "too many hashes": 400,
      "an old size that is larger": 400,
      "a log that it does not know": 404,
      "a forged signature": 403,
      "another old size": 409,
      "a proof where none is due": 422,
      "the same checkpoint": 200,
      "bytes that are no UTF-8": 413,
      "too many bytes": 413,
      "another path": 404,
    });
    expect(answers["another old size"].headers.get("content-type")).toBe("text/x.tlog.size");
    expect(await answers["another old size"].text()).toBe("4\n");
  });

  it("answers 409 to another tree of the size that it signed, and the log is told that it has two histories", async () => {
    const [{ log, store }, other] = [await grown(4), await grown(4, 1)];
    await askWitness(one, log.signed, store.read);
    expect((await post(`old 4\n\n${other.log.signed}`)).status).toBe(409);
    await expect(askWitness(one, other.log.signed, other.store.read)).rejects.toThrow(
      /has signed for another tree of 4 entries: this log has two histories/,
    );
  });

  it("says what to do where a log has a new key under its old name, and signs nothing", async () => {
    const renewed = signerKey(logKey.name, "log");
    const { log, store } = await grown(4);
    await askWitness(one, log.signed, store.read);
    const begun = await Log.create(new MemoryStore(), renewed);
    const answer = new Witness({
      ...{ key: one.key, logs: [renewed] },
      store: one.store,
      now: () => NOW,
    }).addCheckpoint(`old 0\n\n${begun.signed}`);
    expect(answer).toMatchObject({ status: 500, body: expect.stringMatching(/give a log with a new key a new name/) });
  });

  it("is asked below its whole address, also where that does not end with a slash", async () => {
    const asked: string[] = [];
    const server = createServer(({ url = "" }, response) => {
      asked.push(url);
      response.writeHead(404).end();
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { log, store } = await grown(4);
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/witnesses/one`;
    await expect(askWitness({ ...one, address }, log.signed, store.read)).rejects.toThrow(/answered 404/);
    server.close();
    expect(asked).toEqual(["/witnesses/one/add-checkpoint"]);
  });

  it("signs nothing that it cannot keep", async () => {
    const { log } = await grown(4);
    one.store.settle = () => {
      throw new Error("no space left");
    };
    const answer = await post(`old 0\n\n${log.signed}`);
    expect([answer.status, await answer.text()]).toEqual([500, expect.stringMatching(/signs nothing/)]);
  });

  it("signs on after a request that has the line of the log as often as a note has room for", async () => {
    const { log, store } = await grown(4);
    const [text = "", line = ""] = log.signed.split("\n\n");
    expect((await post(`old 0\n\n${text}\n\n${line.repeat(64)}`)).status).toBe(200);
    await log.append(entries(4, 9));
    await askWitness(one, log.signed, store.read);
    const latest = await (await fetch(`${one.address}${hashOf(logKey.name)}/checkpoint`)).text();
    expect(openCheckpoint(latest, logKey, [one.key]).note.signatures.map(({ name }) => name)).toEqual([
      logKey.name,
      one.key.name,
    ]);
  });

  it("answers others while one sends nothing", async () => {
    const slow = connect((one.server.address() as AddressInfo).port, "127.0.0.1");
    slow.write("POST /add-checkpoint HTTP/1.1\r\nHost: one\r\nContent-Length: 100\r\n\r\nold 0");
    const { log, store } = await grown(3);
    expect((await askWitness(one, log.signed, store.read)).name).toBe(one.key.name);
    slow.destroy();
  });

  it("is not believed if it answers with the signature of another key", async () => {
    const { log, store } = await grown(3);
    const expected = { ...one, key: signerKey("witness.example/one", "witness") };
    await expect(askWitness(expected, log.signed, store.read)).rejects.toThrow(/no signature of its key/);
  });
});

describe("a proof", () => {
  it("holds without a network, for its entry and no other", async () => {
    const { log, store } = await grown(300);
    const shown = await witnessed(log, store);
    const proof = parseProof(formatProof(await proveEntry(store.read, 123, shown)));
    expect(verifyProof(entry(123), proof, policy())).toMatchObject({ origin: logKey.name, size: 300 });
    expect(() => verifyProof(entry(124), proof, policy())).toThrow(/another root/);
    expect(() => verifyProof(entry(123), { ...proof, index: 124 }, policy())).toThrow(/another root/);
    expect(() => verifyProof(entry(123), { ...proof, checkpoint: log.signed }, policy())).toThrow(/too few witnesses/);
    await expect(proveEntry(store.read, 300, shown)).rejects.toThrow(/below 300/);
  });

  it("is refused when any bit of it is flipped, and when it ends early, or says something else that is as true", async () => {
    const { log, store } = await grown(9);
    const whole = Buffer.from(formatProof(await proveEntry(store.read, 5, await witnessed(log, store))));
    const trusted = policy();
    const verdict = (given: Buffer) => {
      try {
        verifyProof(entry(5), parseProof(given.toString("utf8")), trusted);
        return "holds";
      } catch (fault) {
        return (fault as { code?: string }).code ?? fault;
      }
    };
    const verdicts = new Set<unknown>();
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const changed = Buffer.from(whole);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      verdicts.add(verdict(changed));
    }
    for (let length = 0; length < whole.length; length++) verdicts.add(verdict(whole.subarray(0, length)));
    expect(verdicts).toEqual(new Set(["bad-note", "bad-proof", "unsigned-note"]));
    expect(verdict(whole)).toBe("holds");
    expect(verdict(Buffer.from(whole.toString().replace("index", "extra aGVsbG8=\nindex")))).toBe("holds");
  });
});

describe("a policy", () => {
  const key = () => formatVerifierKey(one.key);

  it.each([
    ["an unknown word", "trust me", /line 1 of the policy: expected log/],
    ["no quorum", "# nothing\n", /no quorum line/],
    ["a quorum that is not known", "quorum all-of-them\n", /expected a witness or a group/],
    ["a key that cannot be read", "log what\nquorum none\n", /line 1.*copy the key again/],
    ["two quorums", "quorum none\nquorum none\n", /line 2.*second quorum/],
    ["a group without members", "group none any none\n", /expected a new name/],
    ["a carriage return", "quorum none\r\n", /line 1.*control characters/],
    ["a space that is not ASCII", "quorum\u00a0none\n", /line 1.*expected log/],
  ])("with %s is refused, with its line", (_, text, message) => {
    expect(() => parsePolicy(text)).toThrow(message);
  });

  it("with one key twice, or a group that cannot be reached, is refused", () => {
    expect(() => parsePolicy(`witness a ${key()}\nwitness b ${key()}\nquorum a\n`)).toThrow(/line 2.*earlier line/);
    expect(() => parsePolicy(`witness a ${key()}\ngroup g 2 a\nquorum g\n`)).toThrow(/line 2.*up to 1/);
    expect(() => parsePolicy(`witness a ${key()}\ngroup g 2 a a\nquorum g\n`)).toThrow(/named twice/);
    for (const threshold of ["0", "01", "1.0", "0x1", "1e0", "-1", "+1", "some"])
      expect(() => parsePolicy(`witness a ${key()}\ngroup g ${threshold} a\nquorum g\n`)).toThrow(/line 2.*up to 1/);
  });

  it("in which a witness would count twice, by two groups, is refused", () => {
    const lines = [
      `witness a ${key()}`,
      `witness b ${formatVerifierKey(two.key)}`,
      "group one any a b",
      "group other any a",
      "group both all one other",
      "quorum both",
    ];
    expect(() => parsePolicy(lines.join("\n"))).toThrow(/line 4 of the policy: "a" is named twice in groups/);
  });

  it.each([
    [
      `log ${formatVerifierKey(signerKey("example.com/log", "log"))}`,
      /line 2 of the policy: expected a new log, got a second key of/,
    ],
  ])("refuses %s behind the log of that name", (line, why) => {
    const first = `log ${formatVerifierKey(signerKey("example.com/log", "log"))}`;
    expect(() => parsePolicy(`${first}\n${line}\nquorum none\n`)).toThrow(why);
  });

  it.each(["witness.example/w", "ftp://w.example/", "https://w.example/?a=b", "https://w.example/#c"])(
    "may have an address to which no path can be appended, %s: what asks no witness reads it, what asks them says it",
    async (address) => {
      const key = signerKey("w", "witness");
      const lines = [`log ${formatVerifierKey(logKey)}`, `witness w ${formatVerifierKey(key)} ${address}`];
      const some = parsePolicy([...lines, "quorum w"].join("\n"));
      const store = new MemoryStore();
      const log = await Log.create(store, logKey);
      const why = expect.stringMatching(
        /witness w was not asked: expected an address .* begins with http:\/\/ .*, got "/,
      );
      expect((await cosign(log, store.read, some)).refusals[0]).toEqual(why);
      expect(await compareWitnesses(new MemoryStore(), some, log.head, store.read, 0)).toEqual([
        expect.objectContaining({ witness: "w", what: "silent", why }),
      ]);
    },
  );

  it("asks for as many as it says, group in group", () => {
    const [a, b, c] = ["a", "b", "c"].map((name): SignerKey => signerKey(name, "witness")) as [
      SignerKey,
      SignerKey,
      SignerKey,
    ];
    const lines = [a, b, c].map((each) => `witness ${each.name} ${formatVerifierKey(each)}`);
    const { witnesses, isEnough } = parsePolicy(
      [...lines, "group ab any a b", "group both all ab c", "quorum both"].join("\n"),
    );
    const enough = (...names: readonly string[]) =>
      isEnough(new Set(names.map((name) => witnesses.get(name)).filter((each) => each !== undefined)));
    expect([enough("a", "c"), enough("b", "c"), enough("a", "b"), enough("c"), enough()]).toEqual([
      ...[true, true],
      ...[false, false, false],
    ]);
    expect(signNote("text\n", a, NOW).name).toBe("a");
  });
});

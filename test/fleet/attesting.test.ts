/** A node's loop against a server that answers what the test says: when evidence is sent, and what a refusal changes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createHash } from "node:crypto";
import type { Digest } from "@isoline/core/digest";
import { eventToJson, formatAct, parseAct } from "@isoline/core/event";
import { iso1Point } from "@isoline/core/profile";
import { readDelta, readEvidence } from "../../packages/attest/src/evidence/index.ts";
import { makeEvidence } from "../../packages/isoline/src/attest/make-evidence.ts";
import { attestToFleet } from "../../packages/isoline/src/fleet/attesting.ts";
import { DepartureWords } from "../../packages/isoline/src/fleet/told-departures.ts";
import { keepAttesting } from "../../packages/isoline/src/fleet/keep-attesting.ts";
import { keepEnrolment, readEnrolment } from "../../packages/isoline/src/fleet/node-place.ts";
import { type Answer, type Asked, TinyVerifier } from "./tiny-verifier.ts";

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const hex = (number: number) => number.toString(16).padStart(64, "0");
const HOUR = 3600;
/** A timer of Node may end a moment early. */
const SLACK_MS = 50;

/** A journal with one departure. */
const JOURNAL = (() => {
  const ids = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, capabilities: 0n };
  const nobody = "0".repeat(64) as Digest;
  const event = parseAct("chroot path=/etc", { task: nobody, parent: nobody, credentials: ids });
  const now = new Date().toISOString();
  const head = { isoline: 1, profile: "iso1", policy: nobody, state: nobody, started: now };
  const counts = { count: 1, refused: 0, first: now, last: now, class: "new" };
  const departure = { act: formatAct(event), event: eventToJson(event), point: iso1Point(event), ...counts };
  return `${JSON.stringify(head)}\n${JSON.stringify(departure)}\n`;
})();

describe("a node that attests", () => {
  let place: string;
  let server: TinyVerifier;
  let ending: AbortController;
  let failures: string[];
  /** What it says after each failure: seconds until it tries again. */
  let announced: number[];
  const verdict = (number: number, more: object = {}) => ({
    json: { state: "affirming", ear: "x", challenge: hex(number), due: HOUR, canisters: [], ...more },
  });
  const evidenceSent = () => server.asked.filter(({ path }) => /\/attestations(?:\/delta)?$/.test(path));
  /** Milliseconds between each two of these. A machine may be slow: only the least that they come to says something. */
  const gaps = (asked: readonly Asked[]) => asked.slice(1).map(({ at }, index) => at - (asked[index]?.at ?? 0));
  const challenges = () => evidenceSent().map(({ headers }) => headers["isoline-challenge"]);
  /** Runs the loop until the server was sent evidence so many times. */
  const attested = async (times: number, answer: (asked: Asked, sent: number) => Answer, ledger?: Uint8Array) => {
    server.answers((asked) => {
      if (asked.path.endsWith("/challenge")) return { json: { challenge: hex(9), due: HOUR } };
      const sent = evidenceSent().length;
      if (sent >= times) ending.abort();
      return answer(asked, sent);
    });
    await attestToFleet({
      enrolled: { server: server.url, name: "node-1", node: hex(1), nodeToken: "node-token-1", tpm: "", ca: undefined },
      signal: ending.signal,
      evidence: async (challenge) => ({ ...(await makeEvidence({ challenge })), ...(ledger && { ledger }) }),
      onFailure: (why, seconds) => {
        failures.push(why);
        announced.push(seconds);
        // The test does not wait for a minute or more: it takes the node's word.
        if (seconds >= 60) ending.abort();
      },
      onRemark: (why) => failures.push(why),
    });
  };

  beforeEach(async () => {
    place = mkdtempSync(join(tmpdir(), "isoline-attesting-"));
    process.env["ISOLINE_HOST_DIRECTORY"] = place;
    server = await TinyVerifier.listen(() => ({ status: 404 }));
    ending = new AbortController();
    failures = [];
    announced = [];
  });
  afterEach(async () => {
    delete process.env["ISOLINE_HOST_DIRECTORY"];
    await server.close();
    rmSync(place, { recursive: true, force: true });
  });

  it("answers the challenge that it was given, as its evidence says, with its token", async () => {
    await attested(1, () => verdict(10));
    const [sent] = evidenceSent();
    expect(sent?.headers.authorization).toBe("Bearer node-token-1");
    expect(Buffer.from(readEvidence(sent?.body ?? Buffer.alloc(0)).challenge).toString("hex")).toBe(hex(9));
    expect(challenges()).toEqual([hex(9)]);
  });

  it("sends evidence at once when something happened, for the challenge that rode in the last answer", async () => {
    await attested(2, (_, sent) => {
      if (sent === 1) setTimeout(() => writeFileSync(join(place, "run/new.sock"), ""), 200);
      return verdict(10 + sent);
    });
    expect(challenges()).toEqual([hex(9), hex(11)]);
  });

  it("sends evidence at once also when the directory of the sockets was made anew, as that of a session is", async () => {
    const run = join(place, "run");
    let isMade = false;
    await attested(Number.POSITIVE_INFINITY, (_, sent) => {
      if (isMade) ending.abort();
      if (sent === 1) {
        setTimeout(() => {
          rmSync(run, { recursive: true });
          mkdirSync(run, { mode: 0o700 });
        }, 100);
        // By then it has been told that the old one went, and that the new one came.
        setTimeout(() => {
          isMade = true;
          writeFileSync(join(run, "new.sock"), "");
        }, 4000);
      }
      return verdict(10 + sent);
    });
    expect(isMade).toBe(true);
  });

  it("sends evidence when it is due, and not before; never sooner than after two seconds", async () => {
    await attested(3, (_, sent) => verdict(10 + sent, { due: sent === 1 ? 4 : 0 }));
    expect(challenges()).toEqual([hex(9), hex(11), hex(12)]);
    const [told, least] = gaps(evidenceSent());
    expect(told).toBeGreaterThan(4000 - SLACK_MS);
    expect(least).toBeGreaterThan(2000 - SLACK_MS);
  });

  it("asks for another challenge where the one it kept has grown too old", async () => {
    await attested(3, (_, sent) => {
      if (sent === 2) return { status: 409, json: { error: { code: "stale", message: "too old" } } };
      return verdict(10 + sent, { due: 1 });
    });
    expect(challenges()).toEqual([hex(9), hex(11), hex(9)]);
    expect(failures).toEqual([]);
  });

  it("says why it was refused, waits as long as the verifier says, and tries again with a new challenge", async () => {
    await attested(2, (_, sent) => {
      if (sent === 2) return verdict(12);
      return {
        status: 503,
        headers: { "retry-after": "4" },
        json: { error: { code: "x", message: "the store is gone" } },
      };
    });
    expect(Math.min(...gaps(evidenceSent()))).toBeGreaterThan(4000 - SLACK_MS);
    expect(Math.min(...announced)).toBeGreaterThanOrEqual(4);
    expect(failures).toEqual([expect.stringContaining("the store is gone; try again later")]);
    expect(challenges()).toEqual([hex(9), hex(9)]);
  });

  it("says what the verifier says of a node that it does not take, and nothing of roles, which nodes have not", async () => {
    const revoked = "node-1 was revoked; enrol it anew";
    await attested(2, (_, sent) =>
      sent === 1
        ? { status: 403, headers: { "retry-after": "1" }, json: { error: { code: "not-allowed", message: revoked } } }
        : verdict(12),
    );
    expect(failures).toEqual([expect.stringMatching(/node-1 was revoked; enrol it anew$/)]);
    expect(Math.min(...announced)).toBeGreaterThanOrEqual(60);
  });

  it("goes on where the verifier answers what it should not", async () => {
    await attested(2, (_, sent) => (sent === 1 ? { text: "<html>" } : verdict(12)));
    expect(failures).toEqual([expect.stringContaining("expected JSON")]);
  });

  it("goes on where the verifier answers lists in lists, deeper than a program can write out", async () => {
    const deep = `{"state":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    await attested(2, (_, sent) => (sent === 1 ? { text: deep } : verdict(12)));
    expect(failures).toEqual([expect.stringMatching(/it\.state: expected .*, got a list; is it a verifier/)]);
  });

  describe("with a log", () => {
    const ledger = Uint8Array.from({ length: 500 }, (_, at) => at & 0xff);
    const kept = [createHash("sha256").update(ledger).digest("hex")];
    /** The next evidence goes out at once. */
    const again = (sent: number) => setTimeout(() => writeFileSync(join(place, `run/${sent}.sock`), ""), 50);
    const sentTo = () => evidenceSent().map(({ path }) => path.slice("/v1/nodes/node-1/".length));

    it("sends a delta where the verifier says that it keeps the log", async () => {
      const answer = (_: Asked, sent: number) => {
        again(sent);
        return verdict(10 + sent, { kept });
      };
      await attested(2, answer, ledger);
      expect(sentTo()).toEqual(["attestations", "attestations/delta"]);
      expect(readDelta(evidenceSent()[1]?.body ?? Buffer.alloc(0)).logs.map(({ log }) => hexOf(log))).toEqual(kept);
      expect(failures).toEqual([]);
    });

    it("sends the whole at once, for the same challenge, where the verifier has the log no longer or knows no deltas", async () => {
      for (const refusal of [
        { status: 409, json: { error: { code: "full-log-needed", message: "send it whole" } } },
        { status: 404, json: { error: { code: "not-found", message: "nothing is here" } } },
      ]) {
        ending = new AbortController();
        server.asked.length = 0;
        const answer = (_: Asked, sent: number) => {
          if (sent === 1) again(sent);
          return sent === 2 ? refusal : verdict(10 + sent, { kept });
        };
        await attested(3, answer, ledger);
        expect(sentTo()).toEqual(["attestations", "attestations/delta", "attestations"]);
        expect(challenges()).toEqual([hex(9), hex(11), hex(11)]);
        const [, , whole] = evidenceSent();
        expect(hexOf(readEvidence(whole?.body ?? Buffer.alloc(0)).challenge)).toBe(hex(11));
      }
      expect(failures).toEqual([]);
    });

    it("sends the whole where the verifier says that it keeps other logs, or refuses a delta in another way", async () => {
      await attested(
        4,
        (_, sent) => {
          again(sent);
          if (sent === 1) return verdict(11, { kept: [hex(7)] });
          if (sent === 3) return { status: 400, json: { error: { code: "bad-evidence-format", message: "no" } } };
          return verdict(10 + sent, { kept });
        },
        ledger,
      );
      expect(sentTo()).toEqual(["attestations", "attestations", "attestations/delta", "attestations"]);
      expect(failures).toEqual([]);
    });
  });

  describe("with canisters that departed", () => {
    const departed = (label: string) => ({ label, state: "contraindicated", failure: "departed" });
    const told = () =>
      server.asked
        .filter(({ path }) => path.endsWith("/departures"))
        .map(({ body }) => (JSON.parse(body.toString()) as { canister: string }).canister);
    const answer =
      (refusal: (canister: string, sent: number) => Answer | undefined) =>
      (asked: Asked, sent: number): Answer => {
        if (asked.path.endsWith("/departures")) return refusal(told().at(-1) ?? "", sent) ?? { status: 204, text: "" };
        return verdict(10 + sent, { due: 1, canisters: ["a", "b", "c"].map(departed) });
      };
    const refused = (status: number) => ({ status, json: { error: { code: "x", message: "not this one" } } });

    beforeEach(() => {
      mkdirSync(join(place, "run/isoline-kept"), { recursive: true, mode: 0o700 });
      for (const name of ["a", "b", "c"]) writeFileSync(join(place, `run/isoline-kept/${name}.journal`), JOURNAL);
    });

    it("tells of each, whatever the verifier refuses of another, and again of what was refused alone", async () => {
      await attested(
        3,
        answer((canister) => (canister === "a" ? refused(404) : undefined)),
      );
      expect(told().filter((each) => each !== "a")).toEqual(["b", "c"]);
      expect(told().filter((each) => each === "a").length).toBeGreaterThan(1);
      expect(failures).toContainEqual(expect.stringContaining("departures: "));
    });

    it("says nothing of those that the verifier has not judged yet, and tells of them later", async () => {
      // It runs, so the node has its words, whatever the verifier knows of it.
      vi.spyOn(DepartureWords.prototype, "news").mockImplementation(async function* () {
        yield { told: { canister: "a", departures: [] }, known: { digest: "one", version: "1" } };
      });
      const unjudged = { due: 1, state: "unverifiable", failure: "broken-evidence", why: "no policy", canisters: [] };
      await attested(3, (asked, sent) =>
        asked.path.endsWith("/departures") ? refused(404) : verdict(10 + sent, unjudged),
      );
      vi.restoreAllMocks();
      expect(told().length).toBeGreaterThan(1);
      expect(failures).toEqual([]);
    });

    it("tells of all of them later, where the verifier asks to wait", async () => {
      await attested(
        3,
        answer((_, sent) => (sent === 1 ? refused(503) : undefined)),
      );
      expect(told()).toEqual(["a", "a", "b", "c"]);
      const [later] = gaps(server.asked.filter(({ path }) => path.endsWith("/departures")));
      expect(later).toBeGreaterThan(2000 - SLACK_MS);
    });
  });

  it("goes on in an agent after a fault of any kind, and tells it", async () => {
    server.answers(({ path }) => {
      if (path.endsWith("/challenge")) return { json: { challenge: hex(9), due: HOUR } };
      ending.abort();
      return verdict(10);
    });
    const faults = [Object.assign(new Error("ENOENT: no such file"), { code: "ENOENT" }), new TypeError("a bug")];
    const told: unknown[] = [];
    const order = {
      enrolled: { server: server.url, name: "node-1", node: hex(1), nodeToken: "node-token-1", tpm: "", ca: undefined },
      signal: ending.signal,
      evidence: async (challenge: Uint8Array) => {
        const fault = faults[told.length];
        if (fault !== undefined) throw fault;
        return makeEvidence({ challenge });
      },
    };
    await keepAttesting(order, (fault, seconds) => told.push([fault, seconds > 0]));
    expect(told).toEqual(faults.map((fault) => [fault, true]));
    expect(challenges()).toEqual([hex(9)]);
  });

  it("ends at once when it is told to, also while it waits for a verifier that is gone", async () => {
    await server.close();
    server = await TinyVerifier.listen(() => ({ status: 404 }));
    const { url } = server;
    await server.close();
    setTimeout(() => ending.abort(), 300);
    await attestToFleet({
      enrolled: { server: url, name: "node-1", node: hex(1), nodeToken: "node-token-1", tpm: "", ca: undefined },
      signal: ending.signal,
      evidence: (challenge) => makeEvidence({ challenge }),
      onFailure: (why) => failures.push(why),
    });
    expect(failures[0]).toMatch(/^no verifier at http:.*ECONNREFUSED/);
    server = await TinyVerifier.listen(() => ({ status: 404 }));
  });

  it("keeps its enrolment in a directory that no other user can enter, and reads it from no other", () => {
    const kept = {
      server: server.url,
      name: "node-1",
      node: hex(1),
      nodeToken: "node-token-1",
      tpm: "tcp:x:1",
      ca: undefined,
    };
    keepEnrolment(join(place, "fleet"), kept);
    expect(readEnrolment(join(place, "fleet"))).toEqual({ ...kept });
    mkdirSync(join(place, "open"), { mode: 0o755 });
    expect(() => keepEnrolment(join(place, "open"), kept)).toThrow(/closed to others/);
    writeFileSync(join(place, "fleet/node.json"), '{"nodeToken": "secret-token"');
    expect(() => readEnrolment(join(place, "fleet"))).toThrow(/it is damaged/);
    expect(() => readEnrolment(join(place, "fleet"))).not.toThrow(/secret-token/);
  });
});

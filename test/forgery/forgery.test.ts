/**
 * The forgery matrix: every row is sent to the verifier, and must be caught by the check that it names, or must not alarm. A second
 * verifier, written from the specification, must come to the same verdict. `npx vitest run test/forgery -u` writes docs/forgery.md.
 */
import { afterAll, describe, expect, it } from "vitest";
import { type Accepted, checks, type Question } from "../../packages/attest/src/appraise/index.ts";
import { parseBootLog } from "../../packages/attest/src/boot/index.ts";
import { type Evidence, readEvidence, writeEvidence } from "../../packages/attest/src/evidence/index.ts";
import { KeptFacts } from "../../packages/verifier/src/fleet/proven-facts.ts";
import { needsSwtpm } from "../attest/swtpm.ts";
import { isCI } from "../support/machine.ts";
import { Bench, digest, fresh, type Row } from "./bench.ts";
import { rows } from "./matrix.ts";
import { bootEventRows } from "./rows-boot-events.ts";
import { machineRows } from "./rows-machine.ts";
import { forgeryPage } from "./page.ts";
import { needsPython, SecondVerifier } from "./second.ts";
import { judge, questionFor, verdict } from "./verifier.ts";

/** The second verifier reads no reports of confidential machines, and says so instead of leaving them out. */
const NOT_APPRAISED = "not appraised: this verifier reads no reports of confidential machines; its policy demands one";

/** What a row sends, and what it is asked about. */
async function sentBy(row: Row): Promise<Question> {
  const bench = await new Bench().open();
  try {
    const { evidence, question } = await row.send(bench);
    const bytes = evidence instanceof Uint8Array ? evidence : writeEvidence(evidence);
    return { ...questionFor(bench.node, bench.challenge), ...question, evidence: bytes };
  } finally {
    await bench.close();
  }
}

/** Of an event in a log of one bank: all but its description. */
const RECORD_BYTES = 50;

/** Every byte where there is time; elsewhere some, and with them each bit of a byte in turn. */
const STRIDE = isCI ? 1 : 31;

describe.skipIf(needsSwtpm)("the forgery matrix (needs swtpm and tpm2-tools)", () => {
  const second = needsPython ? undefined : new SecondVerifier();
  afterAll(() => second?.close());
  /** Of a verifier that has seen the logs of honest nodes before. */
  const proven = new KeptFacts();

  it.each(rows.map((row) => [row.group, row.forgery, row] as const))("%s: %s", async (_, __, row) => {
    const question = await sentBy(row);
    const appraisal = await judge(question, question.evidence);
    expect(verdict(await judge({ ...question, proven }, question.evidence))).toBe(verdict(appraisal));
    const all = [appraisal.platform, ...appraisal.canisters].flatMap((each) => each.checks);
    const first = all.find(({ outcome }) => outcome === "failed");
    expect(first ? `${first.name}: ${first.failure}` : "no alarm").toBe(row.caught);
    expect(first?.why ?? "").toMatch(row.caught === "no alarm" ? /^$/ : /expected|proves nothing|is not trusted/);
    const expected = machineRows.includes(row) ? NOT_APPRAISED : verdict(appraisal);
    expect(second ? await second.verdict(question) : expected).toBe(expected);
  });

  it("a flipped bit is caught wherever it is; in the firmware's log, wherever it changes a register or a digest", async () => {
    const bench = await new Bench().open();
    const evidence = await bench.honest();
    const sample = writeEvidence(evidence);
    const question = questionFor(bench.node, bench.challenge);
    const log = Buffer.from(sample).indexOf(evidence.bootLog!);
    const isInLog = (at: number) => at >= log && at < log + evidence.bootLog!.length;
    const missed: number[] = [];
    const differing: string[] = [];
    expect(verdict(await judge({ ...question, proven }, sample))).toBe("affirming");
    for (let at = 0; at < sample.length; at += STRIDE) {
      const flipped = Uint8Array.from(sample);
      flipped[at]! ^= 1 << (at % 8);
      const ours = await judge({ ...question, proven }, flipped);
      const theirs = (await second?.verdict({ ...question, evidence: flipped })) ?? verdict(ours);
      if (ours.status === "affirming") missed.push(at);
      if (theirs !== verdict(ours)) differing.push(`${at}: ${theirs} and ${verdict(ours)}`);
    }
    await bench.close();
    expect(missed.filter((at) => !isInLog(at))).toEqual([]);
    expect(differing).toEqual([]);
    // Registers and digests alone are believed of that log: header, types and descriptions are not measured.
    const digests = bench.node.measured.map(({ digest }) => log + Buffer.from(evidence.bootLog!).indexOf(digest));
    expect(missed.filter((at) => digests.some((digest) => at >= digest && at < digest + 32))).toEqual([]);
  });

  it("a flipped bit of the firmware's log under rules for its events is caught, but for its header and descriptions", async () => {
    const bench = await new Bench().open();
    const { evidence, question } = await bootEventRows[0]!.send(bench);
    const sample = writeEvidence(evidence as Evidence);
    const asked = { ...questionFor(bench.node, bench.challenge), ...question };
    await bench.close();
    const { bootLog } = readEvidence(sample);
    const [, ...events] = parseBootLog(bootLog!).events;
    const from = Buffer.from(sample).indexOf(bootLog!);
    let end = from + bootLog!.length - events.reduce((sum, { data }) => sum + RECORD_BYTES + data.length, 0);
    const believed = events.flatMap(({ data }) => {
      const start = end;
      end += RECORD_BYTES + data.length;
      return Array.from({ length: RECORD_BYTES }, (_, index) => start + index);
    });
    const missed: number[] = [];
    const differing: string[] = [];
    for (let at = from; at < from + bootLog!.length; at += isCI ? 1 : 5) {
      const flipped = Uint8Array.from(sample);
      flipped[at]! ^= 1 << (at % 8);
      const ours = await judge(asked, flipped);
      const theirs = (await second?.verdict({ ...asked, evidence: flipped })) ?? verdict(ours);
      if (ours.status === "affirming") missed.push(at);
      if (theirs !== verdict(ours)) differing.push(`${at}: ${theirs} and ${verdict(ours)}`);
    }
    expect(missed.filter((at) => believed.includes(at))).toEqual([]);
    expect(missed).not.toEqual([]);
    expect(differing).toEqual([]);
  });

  it("a run that departed and ended, with none after it, is said of its label; or by its number, if none was told of", async () => {
    const bench = await new Bench().open();
    try {
      const last = await bench.accepted();
      await bench.node.record(bench.web, { kind: "departure", process: 1, pid: 7, point: digest(1) });
      await bench.end(bench.web, { off: 1 });
      const evidence = await bench.node.evidence(bench.challenge, bench.told().slice(1));
      const question = questionFor(bench.node, bench.challenge);
      const known = await judge({ ...question, last }, evidence);
      expect([verdict(known), known.endings]).toEqual([
        "affirming",
        [
          {
            label: "web",
            birth: 1,
            failure: "off-contour",
            why: "it ended; before that, its run that was born in record 1 of the ledger departed 1 times",
          },
        ],
      ]);
      const stranger = await judge(question, evidence);
      expect([verdict(stranger), stranger.endings]).toEqual(["affirming", []]);
      expect(stranger.platform.checks.find(({ name }) => name === "tree")?.why).toMatch(
        /^1 namespaces of labels that no accepted evidence told of .* \(the first was born in record 1 of the ledger\)/,
      );
    } finally {
      await bench.close();
    }
  });

  it("a run that departed and ended is said once, also where the run before it had ended well; and is judged with the next", async () => {
    const bench = await new Bench().open();
    try {
      const first = await bench.accepted();
      await bench.end(bench.web);
      const told = async (last: Accepted, canisters = 1) => {
        const challenge = fresh();
        const evidence = await bench.node.evidence(challenge, bench.told({}, challenge).slice(-canisters));
        return judge({ ...questionFor(bench.node, challenge), last }, evidence);
      };
      const ended = await told(first);
      expect(ended.endings).toEqual([]);
      bench.web = await bench.node.bear("web");
      await bench.node.record(bench.web, { kind: "departure", process: 1, pid: 7, point: digest(1) });
      await bench.end(bench.web, { off: 1 });
      const departed = await told(ended.accepted!);
      expect([verdict(departed), departed.endings.map(({ label, failure }) => `${label}: ${failure}`)]).toEqual([
        "affirming",
        ["web: off-contour"],
      ]);
      const later = await told(departed.accepted!);
      expect(later.endings).toEqual([]);
      bench.web = await bench.node.bear("web");
      expect(verdict(await told(later.accepted!, 2))).toBe("contraindicated, trust: off-contour");
    } finally {
      await bench.close();
    }
  });

  it("a ledger that began after a restart is a warning where none of this boot was accepted before", async () => {
    const bench = await new Bench().open();
    try {
      await bench.node.restart("clear");
      bench.node.ledger.length = 0;
      await bench.node.begin();
      await bench.bear();
      const told = async (last?: Accepted) => {
        const challenge = fresh();
        const evidence = await bench.honest({}, challenge);
        const result = await judge({ ...questionFor(bench.node, challenge), last }, evidence);
        return { ...result, ledger: result.platform.checks.find(({ name }) => name === "ledger") };
      };
      const first = await told();
      expect([verdict(first), first.ledger?.outcome]).toEqual(["affirming", "warned"]);
      expect(first.ledger?.why).toContain("before any ledger of this boot was accepted (restart 1)");
      expect((await told(first.accepted)).ledger?.outcome).toBe("passed");
    } finally {
      await bench.close();
    }
  });

  it("is what the page says", async () => {
    await expect(forgeryPage(rows, checks)).toMatchFileSnapshot("../../docs/forgery.md");
  });
});

/** More than a TPM has registers for: the rest share one. */
const MANY = 100;

describe.skipIf(needsSwtpm)("one quote for many (needs swtpm and tpm2-tools)", () => {
  it("a hundred canisters stand under one quote, and each tenant can verify its own", async () => {
    const bench = await new Bench().open();
    try {
      await bench.crowd(MANY);
      const { evidence, tenant, labels } = await bench.crowded();
      const whole = await judge(questionFor(bench.node, bench.challenge), evidence);
      expect(whole.canisters).toHaveLength(MANY);
      expect(verdict(whole)).toBe("affirming");
      const own = await judge(
        { ...questionFor(bench.node, bench.challenge), about: [labels[57]!] },
        tenant(labels[57]!),
      );
      expect(own.canisters.map(({ label, status }) => [label, status])).toEqual([[labels[57], "affirming"]]);
      expect(verdict(own)).toBe("affirming");
      const shown = Buffer.from(writeEvidence(tenant(labels[57]!))).toString("latin1");
      expect(new Set(shown.match(/tenant-\d+/g))).toEqual(new Set([labels[57]]));
    } finally {
      await bench.close();
    }
  });
});

/** A run whose supervisor was lost, as a verifier reads it in a ledger: never better than an end that its supervisor recorded. */
import { describe, expect, it } from "vitest";
import { type Accepted, type Appraisal, appraise } from "../../packages/attest/src/appraise/index.ts";
import { type CanisterBody, evidenceOf, stateOf, writeEvidence } from "../../packages/attest/src/evidence/index.ts";
import { lostSupervisor, replayLedger } from "../../packages/attest/src/register/index.ts";
import { SoftwareNode } from "../verifier/software-node.ts";
import { digest, fileOf, sample, valueOf, written } from "./ledger-sample.ts";
import { canisterSample, nodeSample } from "./samples.ts";

const CHALLENGE = digest("challenge");
const NOW = new Date();
const node = new SoftwareNode("node-1");
const { drafts: all, naming, other, one } = sample();
type Draft = (typeof all)[number];
/** Until the birth of `db`, with its own register, in record 3. */
const drafts = all.slice(0, 4);
const about = { register: other.register, birth: 3 } as const;
const departure: Draft = { kind: "departure", ...about, process: 1, pid: 7, point: digest("point") };

const far = () => Number.MAX_SAFE_INTEGER;

/** The run of `db` as it is closed, after more records of it. */
function closed(
  more: readonly Draft[] = [],
  reason: string = lostSupervisor.recorded,
  at?: Parameters<typeof written>[1],
): Draft[] {
  const before: Draft[] = [...drafts, ...more, { kind: "loss", ...about, reason, count: 1 }];
  const own = written(before, at).filter((_, index) => index === 3 || index >= drafts.length);
  const totals = { state: digest("state"), events: 0, off: more.length, refused: 0, lost: 1 };
  return [...before, { kind: "end", ...about, measurement: new Uint8Array(32), ...totals, value: valueOf(own) }];
}

interface Told {
  readonly records: readonly Draft[];
  readonly bodies?: readonly Omit<CanisterBody, "type">[];
  readonly rule?: object;
  readonly last?: Accepted | undefined;
  readonly at?: Parameters<typeof written>[1];
}

function judged({ records, bodies = [], rule, last, at }: Told): Promise<Appraisal> {
  const statement = stateOf(CHALLENGE, nodeSample({ node: node.id, made: NOW.getTime() }), bodies);
  const file = fileOf(written(records, at));
  const led = { 13: registerOf(file) };
  const evidence = evidenceOf(statement, {
    quote: node.quote(statement.qualifying, { resetCount: 4 }, led),
    ...{ registers: [], reports: [], ledger: Uint8Array.from(file) },
    names: new Map(bodies.map(({ label }) => [label, naming.proofOf(label)])),
  });
  const rules = [{ label: "*", register: "if-there", sensors: ["bpf", "seccomp"], ...rule }];
  return appraise({
    evidence: writeEvidence(evidence),
    challenge: CHALLENGE,
    trust: {
      nodes: [{ id: node.id, attestationKey: node.key }],
      ...{ contourSigners: [], policySigners: [], contours: [] },
    },
    policy: Buffer.from(JSON.stringify({ policy: 1, name: "p", version: 1, canisters: rules })),
    ...{ references: [], now: NOW, last },
  });
}

function registerOf(file: Uint8Array): Uint8Array {
  try {
    return replayLedger(file).births.value;
  } catch {
    return new Uint8Array(32);
  }
}

/** `db` was accepted while it ran, having lost more than its records say. */
const accepted: Accepted = {
  clock: { clock: 0n, resetCount: 4, restartCount: 0 },
  policy: { name: "p", version: 1 },
  canisters: [
    {
      ...{ label: "db", run: `${Buffer.from(other.register).toString("hex")} 3`, measurement: "", points: 0 },
      counters: { events: 0, departures: 0, refused: 0, lost: 50, untrusted: 0 },
    },
  ],
};
const LOST =
  "its run that was born in record 3 of the ledger lost its supervisor between 1970-01-01T00:00:01.003Z (its last record) and " +
  "1970-01-01T00:00:01.004Z (found gone): what it did since is recorded nowhere";
/** The runs of the others in the sample. */
const others = ["web", "cron"].map((label, index) =>
  canisterSample(label, { register: { name: index === 0 ? one.register : drafts[0]!.register, birth: index + 1 } }),
);
const failed = ({ checks }: Pick<Appraisal["platform"], "checks">) =>
  checks.flatMap(({ name, outcome, failure }) => (outcome === "failed" ? [`${name}: ${failure}`] : []));
const of = ({ canisters }: Appraisal, label: string) => canisters.find((canister) => canister.label === label);

describe("a run whose supervisor was lost", () => {
  const records = closed();

  it("leaves its node judgeable, and is told of once, where losses are only warned of as well", async () => {
    for (const losses of ["refuse", "warn"]) {
      const first = await judged({ records, bodies: others, last: accepted, rule: { losses } });
      expect([first.platform.status, failed(first.platform)]).toEqual(["affirming", []]);
      expect(first.endings).toEqual([
        {
          ...{ label: "db", birth: 3, failure: "incomplete", isUnsupervised: true },
          why: `${LOST}; end what is left of it on the node, and start it anew`,
        },
      ]);
      const next = await judged({ records, bodies: others, last: first.accepted, rule: { losses } });
      expect([next.platform.status, next.endings]).toEqual(["affirming", []]);
    }
  });

  it("that departed is contraindicated, and one whose register proves nothing says so", async () => {
    const { endings } = await judged({ records: closed([departure]), bodies: others, last: accepted });
    expect(endings).toMatchObject([
      { failure: "off-contour", why: expect.stringContaining("departed 1 times and lost its supervisor") as string },
    ]);
    const unproven = closed([], lostSupervisor.unproven);
    const [ending] = (await judged({ records: unproven, bodies: others, last: accepted })).endings;
    expect(ending?.why).toContain("(found gone), and its register did not hold what was recorded: what it did since");
  });

  it("is told of beside an earlier run of its label that departed and ended: that hides nothing that may go on", async () => {
    const totals = { state: digest("state"), events: 0, refused: 0 };
    const ended = { kind: "end", measurement: new Uint8Array(32), ...totals } as const;
    const first: readonly Draft[] = [...drafts, departure];
    const own = written(first).filter((_, index) => index >= 3);
    const guest = { ...(drafts[2] as Extract<Draft, { kind: "guest" }>), name: naming.nameOf("db") };
    const second = { register: guest.register, birth: first.length + 1 };
    const until: readonly Draft[] = [
      ...first,
      { ...ended, ...about, off: 1, lost: 0, value: valueOf(own) },
      guest,
      { kind: "loss", ...second, reason: lostSupervisor.recorded, count: 1 },
    ];
    const shared = written(until).filter((_, index) => [0, 2, second.birth, second.birth + 1].includes(index));
    const both = [...until, { ...ended, ...second, off: 0, lost: 1, value: valueOf(shared) }];
    const { endings } = await judged({ records: both, bodies: others, last: accepted });
    expect(endings).toEqual([
      {
        ...{ label: "db", birth: second.birth, failure: "off-contour", isUnsupervised: true },
        why: expect.stringMatching(
          /^it ended; before that, its run that was born in record 3 of the ledger departed 1 times; its run that was born in record 6 of the ledger lost its supervisor between .* and start it anew$/,
        ) as string,
      },
    ]);
  });

  it("is told with the next run of its label, which is judged by itself after that", async () => {
    const guest = drafts[2] as Extract<Draft, { kind: "guest" }>;
    const anew = [...records, { ...guest, name: naming.nameOf("db") }];
    const fresh = canisterSample("db", { register: { name: guest.register, birth: records.length } });
    const bodies = [...others, fresh];
    const first = await judged({ records: anew, bodies, last: accepted });
    const losses = of(first, "db")?.checks.find(({ name }) => name === "losses");
    expect(losses).toMatchObject({ outcome: "failed", failure: "incomplete" });
    expect(losses?.why).toContain(`${LOST}; find out what was lost; from the next evidence on`);
    const next = await judged({ records: anew, bodies, last: first.accepted });
    expect(of(next, "db")?.checks).toContainEqual(expect.objectContaining({ name: "losses", outcome: "passed" }));
  });

  it("that departed is not said to have ended, with the next run of its label either", async () => {
    const guest = drafts[2] as Extract<Draft, { kind: "guest" }>;
    const before = closed([departure]);
    const fresh = canisterSample("db", { register: { name: guest.register, birth: before.length } });
    const anew = [...before, { ...guest, name: naming.nameOf("db") }];
    const told = of(await judged({ records: anew, bodies: [...others, fresh], last: accepted }), "db");
    const trust = told?.checks.find(({ name }) => name === "trust");
    expect(trust?.why).toContain("departed 1 times and lost its supervisor between");
    expect(trust?.why).not.toContain("and ended");
  });

  it.each([
    ["runs", {}],
    ["has ended", { ended: 1, measurement: new Uint8Array(32) }],
  ])("has no body: one that says that it %s is contraindicated", async (_, change) => {
    const counters = { events: 0, departures: 0, refused: 0, lost: 1, untrusted: 0 };
    const body = { mode: "watching", sensor: "seccomp", state: digest("state"), counters, ...change } as const;
    const told = canisterSample("db", { ...body, register: { name: other.register, birth: 3 }, incomplete: ["lost"] });
    const appraisal = await judged({
      records,
      bodies: [...others, told],
      rule: { modes: ["watching"], losses: "warn" },
    });
    const record = of(appraisal, "db")?.checks.find(({ name }) => name === "record");
    expect(record).toMatchObject({ outcome: "failed", failure: "equivocation" });
    expect(record?.why).toContain("no body of a run whose supervisor was lost, as recorded in record 4");
  });

  it("that is not closed whole is one of which nothing is known, and one that is closed otherwise is refused", async () => {
    const half = await judged({ records: records.slice(0, -1), bodies: others, last: accepted });
    expect(half.canisters).toEqual([]);
    expect(failed(half.platform)).toEqual(["tree: incomplete"]);
    const end = records.at(-1) as Draft;
    const forged: readonly (readonly Draft[])[] = [
      [...records, end],
      [...records, departure],
      records.with(-1, { ...end, value: digest("another") } as Draft),
      records.toSpliced(-1, 0, departure),
    ];
    for (const file of forged)
      expect(failed((await judged({ records: file, bodies: others, last: accepted })).platform)).toEqual([
        "ledger: broken-evidence",
      ]);
  });

  it("stays with its label where what goes on of it has no register, as under bpf at the next agent", async () => {
    const told = canisterSample("db");
    let last: Accepted | undefined = accepted;
    for (let evidence = 1; evidence <= 2; evidence++) {
      const appraisal = await judged({ records, bodies: [...others, told], last });
      const losses = of(appraisal, "db")?.checks.find(({ name }) => name === "losses");
      expect(losses).toMatchObject({ outcome: "failed", why: expect.stringContaining("and start it anew") as string });
      last = appraisal.accepted;
    }
  });

  it("is told of whatever the clock of its host said", async () => {
    const records = closed([], lostSupervisor.recorded, far);
    const { endings } = await judged({ records, bodies: others, last: accepted, at: far });
    expect(endings[0]?.why).toContain("and 9999-01-01T00:00:00.000Z (found gone)");
  });
});

import { describe, expect, it } from "vitest";
import { Contour } from "../contour/contour.ts";
import { sha256, ZERO_DIGEST } from "../digest.ts";
import { formatAct, parseAct } from "../event/text.ts";
import { Evidence } from "../evidence/evidence.ts";
import { foundState } from "../identity/classes/found-state.ts";
import type { ClassRule } from "../identity/classes/rule.ts";
import { canonicalPolicy, DEFAULT_POLICY } from "../identity/policy.ts";
import { iso1 } from "../profile/iso1.ts";
import { actsOf } from "./acts.ts";
import { type Learnt, lineOf, policyOf, restored, withRules } from "./apply.ts";
import type { Candidate } from "./candidate.ts";
import { choose, cumulativeShares } from "./choose.ts";
import { Prober } from "./probes.ts";
import { Trials } from "./trials.ts";

const ids = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, capabilities: 0n };
const actor = { task: ZERO_DIGEST, parent: ZERO_DIGEST, credentials: ids };

/** A contour of runs, each with the acts that it did. */
function learnt(runs: readonly (readonly string[])[]): Learnt & { readonly evidence: Evidence } {
  const contour = Contour.create({ profile: iso1, policy: canonicalPolicy(DEFAULT_POLICY) });
  const evidence = new Evidence();
  for (const [number, acts] of runs.entries()) {
    const points = acts.map((act) => contour.add(parseAct(act, actor)).point);
    evidence.record(
      {
        id: sha256(Buffer.from(String(number))).slice(0, 16),
        when: "2026-11-26T12:00:00Z",
        command: "x",
        lens: contour.policyDigest,
        sensor: "seccomp",
        versions: {},
        start: "unknown",
        incomplete: {},
      },
      [...new Set(points)].map((point) => ({ point, occurrences: 1 })),
    );
  }
  return { contour, evidence };
}

const chosen = ({ contour, evidence }: Learnt, target = 0.05) => {
  return choose(actsOf(contour, evidence as Evidence), new Trials(evidence as Evidence), target);
};
const rulesOf = (of: Learnt, target?: number) => namesOf(chosen(of, target).rules);
/** The classes of names, without what a run finds in their directories. */
const namesOf = (rules: readonly Candidate[]) =>
  rules.filter(({ tier }) => tier !== "found").map(({ rule }) => rule.at);
const create = (path: string) => `create access=write path=$CWD/${path} mode=0600`;
const read = (path: string) => `open access=read path=$CWD/${path} mode=0100644 uid=0 gid=0 fs=disk`;
const each = (runs: number, acts: (run: number) => readonly string[]) =>
  learnt(Array.from({ length: runs }, (_, run) => acts(run)));
const words = ["ash", "beech", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine", "rowan", "yew"];
const word = (at: number) => words[at % words.length] as string;

describe("choosing rules", () => {
  it("takes the form of a name where it has one, and no wider class", () => {
    expect(rulesOf(each(8, (run) => [create(`log.${run * 7}`)]))).toEqual(["$CWD/{log.<n>}"]);
    expect(rulesOf(each(8, (run) => [create(`${sha256(Buffer.from([run]))}.bin`)]))).toEqual(["$CWD/{<hash>}.bin"]);
  });

  it("closes a class where every name is known and only the use is new", () => {
    const all = words.map((name) => read(`in/${name}.txt`));
    const of = each(12, (run) => [...all, create(`in/${word(run * 5)}.txt`)]);
    expect(rulesOf(of)).toEqual(["$CWD/in/{<one>}.txt"]);
  });

  it("takes a template for names that nothing else tells, and leaves out what every run has", () => {
    const of = each(12, (run) => [read("in/index.txt"), create(`in/${word(run)}.txt`)]);
    const { rules } = chosen(of);
    expect(namesOf(rules)).toEqual(["$CWD/in/{<word>}.txt"]);
    expect(rules.find(({ tier }) => tier === "template")?.rule.but).toEqual(["index.txt"]);
  });

  it("proposes nothing where nothing varies, where no other run bears it out, or where no rule may reach", () => {
    expect(rulesOf(each(8, () => [create("a.txt")]))).toEqual([]);
    expect(rulesOf(each(8, (run) => (run === 3 ? [create("a.txt"), create("b.txt")] : [create("c.txt")])))).toEqual([]);
    expect(rulesOf(each(8, (run) => [create(`.git/hooks/h-${run}`)]))).toEqual([]);
    expect(rulesOf(each(8, (run) => [`exec path=$CWD/x-${run} mode=0100755 uid=0 gid=0 fs=disk loader=`]))).toEqual([]);
  });

  it("folds what an earlier run left", () => {
    const first = create("out");
    const later = "open access=write,truncate path=$CWD/out mode=0100644 uid=0 gid=0 fs=disk";
    const { rules, before, after } = chosen(each(6, (run) => [run === 0 ? first : later]));
    expect(rules.map(({ rule }) => [rule.at, rule.found])).toEqual([["$CWD", "any"]]);
    expect([before, after]).toEqual([1 / 6, 0]);
  });

  it("takes names that are made like others which vary, where a run has not shown it", () => {
    const rename = (id: string, from: string, to: string) =>
      `rename path=$CWD/${from}/${id}.job mode=0100644 uid=0 gid=0 fs=disk to=$CWD/${to}/${id}.job replaces=no`;
    const of = each(8, (run) => {
      const id = run % 2 === 0 ? `7${run}22fae-5b${run}6` : "{mv#1}";
      const failed =
        run === 2 || run === 3 ? ["{mv#1}", "3c2a32a9-160e"].map((kept) => rename(kept, "run", "failed")) : [];
      return [create(`run/${id}.job`), ...failed];
    });
    expect(rulesOf(of)).toEqual(["$CWD/run/{<id>}.job", "$CWD/failed/{<id>}.job"]);
  });

  it("takes numbered names below a directory whose name varies", () => {
    const of = each(8, (run) => [
      create(`part${run}/all.txt`),
      create(`part${run - (run % 2)}/more${run - (run % 2)}.js`),
    ]);
    expect(rulesOf(of)).toEqual(["$CWD/{part<n>}", "$CWD/{part<n>}/{more<n>}.js"]);
  });

  it("takes paths that an editor spells out as names, also in a hidden directory of home, and nothing else there", () => {
    const kept = (name: string) => `create access=write path=$HOME/.undo/${name} mode=0600`;
    const of = each(8, (run) => [kept(`%home%ann%notes%${word(run)}.txt`), kept(`state${run}`)]);
    expect(rulesOf(of)).toEqual(["$HOME/.undo/{<path>}.txt"]);
    expect(rulesOf(each(8, (run) => [`create access=write path=$HOME/.vim/plugin/%a%b${run}.vim mode=0600`]))).toEqual(
      [],
    );
  });

  it("varies the directory of a package, and never the name by which it is one", () => {
    const of = each(8, (run) => [create(`unpacked/shop-1.${run}/__init__.py`)]);
    expect(rulesOf(of)).toEqual(["$CWD/unpacked/{shop-<n>.<n>}"]);
    expect(rulesOf(each(8, (run) => [create(`${word(run)}/__init__.py`)]))).toEqual([]);
    expect(rulesOf(each(8, (run) => [create(`shop-${run}/package.json`)]))).toEqual([]);
    expect(rulesOf(each(8, (run) => [read(`shop-${run}/package.json`)]))).toEqual(["$CWD/{shop-<n>}"]);
  });

  it("folds neither that every user may write a file, nor that what is appended to is emptied", () => {
    const open = (access: string, mode: string) => `open access=${access} path=$CWD/a mode=${mode} uid=0 gid=0 fs=disk`;
    const made = (access: string, mode: string) => formatAct(foundState(parseAct(open(access, mode), actor)));
    expect(made("read", "0100644")).toBe(made("read", "0100600"));
    expect(made("read", "0100646")).not.toBe(made("read", "0100644"));
    expect(made("write,truncate", "0100644")).toBe(made("write", "0100644"));
    expect(made("write,append,truncate", "0100644")).not.toBe(made("write,append", "0100644"));
  });

  it("gives back what the target does not need", () => {
    const of = each(10, (run) => [create(`log.${run}`), ...(run < 2 ? [create(`in/${word(run)}.txt`)] : [])]);
    expect(rulesOf(of, 0.3)).toEqual(["$CWD/{log.<n>}"]);
  });

  it("says the share of departing runs with each rule and those before it", () => {
    const choice = chosen(each(8, (run) => [create(`log.${run}`), create(`${word(run)}.txt`)]));
    expect(cumulativeShares(choice, new Trials({ runs: [] })).length).toBe(choice.rules.length);
  });
});

describe("what a rule accepts", () => {
  it("is measured by names that no run used", () => {
    const of = each(12, (run) => [create(`in/${word(run)}.txt`)]);
    const acts = actsOf(of.contour, of.evidence);
    const rules = chosen(of).rules.map(({ rule }) => rule);
    const counts = new Prober(acts, rules).probe(0);
    expect(counts["same ending"].accepted).toBeGreaterThan(0);
    for (const kind of ["another ending", "another place", "odd name", "sensitive"] as const)
      expect(counts[kind].accepted).toBe(0);
  });
});

describe("applied rules", () => {
  const of = () => each(8, (run) => [create(`log.${run}`), read("b/a.txt")]);
  const acts = ({ contour }: Learnt) =>
    Array.from({ length: contour.size }, (_, at) => formatAct(contour.event(at))).toSorted();

  it("make one act of several, with the runs of all", () => {
    const before = of();
    const { contour, evidence } = withRules(
      before,
      chosen(before).rules.map(({ rule }) => rule),
    );
    expect(contour.size).toBe(2);
    const [point] = [...(evidence as Evidence).points()].filter((each) => before.contour.indexOfPoint(each) < 0);
    expect(evidence?.runsOf(point as NonNullable<typeof point>)?.size).toBe(8);
    expect(policyOf(contour).classes.map(({ at }) => at)).toEqual(["$CWD/{log.<n>}", "$CWD"]);
  });

  it("come undone when their line is deleted: the acts they replaced are there again, with their runs", () => {
    const before = of();
    const wide = withRules(
      before,
      chosen(before).rules.map(({ rule }) => rule),
    );
    const deleted = Contour.create({ profile: iso1, policy: canonicalPolicy(DEFAULT_POLICY) });
    for (let index = 0; index < wide.contour.size; index++) deleted.add(wide.contour.event(index));
    const back = restored({ contour: deleted, evidence: wide.evidence });
    expect(acts(back)).toEqual(acts(before));
    expect([back.dropped, back.returned]).toEqual([1, 8]);
    expect(back.contour.state()).toBe(before.contour.state());
    for (let at = 0; at < before.contour.size; at++)
      expect([...(back.evidence?.runsOf(before.contour.point(at)) ?? [])]).toEqual([
        ...(before.evidence.runsOf(before.contour.point(at)) ?? []),
      ]);
  });

  it("bring nothing back that the contour did not permit, whatever the evidence says", () => {
    const wide = withRules(
      of(),
      chosen(of()).rules.map(({ rule }) => rule),
    );
    const deleted = Contour.create({ profile: iso1, policy: canonicalPolicy(DEFAULT_POLICY) });
    for (let at = 0; at < wide.contour.size; at++) deleted.add(wide.contour.event(at));
    const evidence = wide.evidence as Evidence;
    const [told] = evidence.replaced;
    const forged = (act: string, more = {}) =>
      ({ ...told, point: sha256(Buffer.from(act)), act, ...more }) as typeof told;
    const others = [
      read(".npmrc"),
      create("other.77"),
      "open access=write path=$HOME/.ssh/x mode=0100600 uid=0 gid=0 fs=disk",
    ];
    evidence.addReplaced(
      [...others.map((act) => forged(act)), forged(read("secret"), { rule: "{}" })].flatMap((each) => each ?? []),
    );
    const back = restored({ contour: deleted, evidence });
    expect(acts(back)).toEqual(acts(of()));
    expect(back.returned).toBe(8);
  });

  it("bring the listing of a store back, but of none that the contour has no act in", () => {
    const lists = (path: string) => `open access=read path=${path} mode=040755 uid=0 gid=0 fs=disk`;
    const store: ClassRule = {
      at: "$CWD/data/{<hash>}",
      of: ["create", "open"],
      replaces: 1,
      accepts: "a hash",
      because: "one run",
    };
    const before = learnt([[create("data/ab12cd34ef56ab12"), lists("$CWD/data/ab"), read("kept")]]);
    const { contour, evidence } = withRules(before, [store]);
    expect(contour.size).toBe(2);
    const deleted = Contour.create({ profile: iso1, policy: canonicalPolicy(DEFAULT_POLICY) });
    for (let at = 0; at < contour.size; at++) deleted.add(contour.event(at));
    const [told] = (evidence as Evidence).replaced as [Evidence["replaced"][number]];
    const act = lists("$HOME/data/ab");
    const rule = lineOf({ ...store, at: "$HOME/data/{<hash>}" });
    evidence?.addReplaced([{ ...told, rule, act, point: sha256(Buffer.from(act)) }]);
    expect(acts(restored({ contour: deleted, evidence }))).toEqual(acts(before));
  });

  it("leave nothing behind without evidence", () => {
    const wide = withRules(
      of(),
      chosen(of()).rules.map(({ rule }) => rule),
    );
    const deleted = Contour.create({ profile: iso1, policy: canonicalPolicy(DEFAULT_POLICY) });
    for (let at = 0; at < wide.contour.size; at++) deleted.add(wide.contour.event(at));
    expect(acts(restored({ contour: deleted, evidence: undefined }))).toEqual([read("b/a.txt")]);
  });
});

/** Contours in a repository of the real git: two branches that learnt different things. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Contour, parseContour } from "@isoline/core/contour";
import { decodeEvidence } from "@isoline/core/evidence";
import { canonicalPolicy, type ClassRule, DEFAULT_POLICY } from "@isoline/core/identity";
import { beforeEach, describe, expect, test } from "vitest";
import { contourOf, eventOf, openAct, textOf } from "../arbitrary/contour.ts";
import { isoline, program, temporaryPlace } from "./isoline.ts";

const hasGit = spawnSync("git", ["--version"]).status === 0;
const { path } = temporaryPlace();

const shell = { chain: ["/bin/sh"], acts: ["/a", "/d", "/k", "/q"].map((file) => openAct(file)) };
const node = { chain: ["/bin/sh", "/usr/bin/node"], acts: ["/app/a", "/app/z"].map((file) => openAct(file)) };
const app = (...more: readonly Parameters<typeof contourOf>[0][number][]) => textOf(contourOf([shell, node, ...more]));
const opening = (chain: readonly string[], ...files: readonly string[]) => ({
  chain,
  acts: files.map((file) => openAct(file)),
});

describe.skipIf(!hasGit)("in a git repository (needs git)", () => {
  let place: string;
  let count = 0;

  beforeEach(() => {
    place = path(`repository-${count++}`);
    mkdirSync(place);
    git("init", "-q", "-b", "main");
    keep("app.contour", app());
    commit("begin");
  });

  const environment = {
    ...process.env,
    PATH: `${dirname(program)}:${process.env["PATH"]}`,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_SYSTEM: "/dev/null",
  };
  const git = (...args: readonly string[]) => {
    const who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    const { status, stdout, stderr } = spawnSync("git", [...who, ...args], {
      cwd: place,
      env: environment,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };
  const setup = () => isoline(["git-setup"], { cwd: place, environment: { PATH: environment.PATH } });
  const keep = (name: string, content: string | Uint8Array) => writeFileSync(join(place, name), content);
  const read = (name = "app.contour") => parseContour(readFileSync(join(place, name))) as Contour;
  const commit = (message: string) => {
    git("add", "-A");
    expect(git("commit", "-q", "-m", message).status).toBe(0);
  };
  /** Commits one contour on a branch and another on main, and merges. */
  const mergeBranches = (ours: string, theirs: string) => {
    git("checkout", "-q", "-b", "work");
    keep("app.contour", theirs);
    commit("theirs");
    git("checkout", "-q", "main");
    keep("app.contour", ours);
    commit("ours");
    return git("merge", "-q", "-m", "merge", "work");
  };

  test("one more act is one more line, and one of a new program its program's line as well", () => {
    keep("app.contour", app(opening(["/bin/sh"], "/e")));
    expect(git("diff", "--numstat").stdout).toBe("1\t0\tapp.contour\n");
    keep("app.contour", app(opening(["/bin/sh", "/usr/bin/awk"], "/e")));
    expect(git("diff", "--numstat").stdout).toBe("4\t0\tapp.contour\n");
  });

  test("what git merges without a driver can be read", () => {
    const merged = mergeBranches(
      app(opening(["/bin/sh"], "/b")),
      app(opening(["/bin/sh"], "/m"), opening(["/bin/awk"], "/x")),
    );
    expect(merged.status).toBe(0);
    expect(textOf(read())).toBe(app(opening(["/bin/sh"], "/b", "/m"), opening(["/bin/awk"], "/x")));
  });

  test("with the lines of both in any order (merge=union), it can be read too", () => {
    keep(".gitattributes", "*.contour merge=union\n");
    commit("union");
    const theirs = app(opening(["/bin/sh"], "/a1", "/a3"), opening(["/bin/awk"], "/x"));
    const merged = mergeBranches(app(opening(["/bin/sh"], "/a2", "/a3"), opening(["/bin/awk"], "/x", "/y")), theirs);
    expect(merged.status).toBe(0);
    expect(textOf(read())).toBe(app(opening(["/bin/sh"], "/a1", "/a2", "/a3"), opening(["/bin/awk"], "/x", "/y")));
  });

  describe("without the driver", () => {
    const both = app(opening(["/bin/sh"], "/b", "/c"));

    test("a conflict is recognised, and merge puts both sides together", () => {
      expect(mergeBranches(app(opening(["/bin/sh"], "/b")), app(opening(["/bin/sh"], "/c"))).status).toBe(1);
      const shown = isoline(["show", "app.contour"], { cwd: place });
      expect(shown.status).toBe(1);
      expect(shown.stderr).toMatch(/a conflict that git could not resolve .*isoline merge FILE -o FILE/);
      expect(isoline(["merge", "-q", "app.contour", "-o", "app.contour"], { cwd: place }).status).toBe(0);
      expect(textOf(read())).toBe(both);
    });

    test("one in the style of diff3 too", () => {
      git("config", "merge.conflictStyle", "diff3");
      mergeBranches(app(opening(["/bin/sh"], "/b")), app(opening(["/bin/sh"], "/c")));
      expect(readFileSync(join(place, "app.contour"), "utf8")).toContain("|||||||");
      expect(isoline(["merge", "-q", "app.contour", "-o", "app.contour"], { cwd: place }).status).toBe(0);
      expect(textOf(read())).toBe(both);
    });
  });

  describe("after git-setup", () => {
    test("says what it changed, and changes nothing when run again", () => {
      expect(setup().stderr).toMatch(
        /added \*\.contour -text merge=isoline[^]*merge\.isoline\.driver = isoline merge --driver/,
      );
      const before = [".gitattributes", ".git/config"].map((file) => readFileSync(join(place, file), "utf8"));
      expect(setup()).toMatchObject({
        status: 0,
        stderr: "isoline: git merges and compares contours by isoline already\n",
      });
      expect([".gitattributes", ".git/config"].map((file) => readFileSync(join(place, file), "utf8"))).toEqual(before);
    });

    test("keeps what is in .gitattributes, and does not follow a link there", () => {
      keep(".gitattributes", "*.png binary");
      setup();
      expect(readFileSync(join(place, ".gitattributes"), "utf8")).toMatch(/^\*\.png binary\n\*\.contour /);
      rmSync(join(place, ".gitattributes"));
      keep("elsewhere", "");
      symlinkSync("elsewhere", join(place, ".gitattributes"));
      expect(setup().status).toBe(1);
      expect(readFileSync(join(place, "elsewhere"), "utf8")).toBe("");
    });

    test("branches that changed the same place are merged", () => {
      setup();
      commit("set up");
      expect(mergeBranches(app(opening(["/bin/sh"], "/b")), app(opening(["/bin/sh"], "/c"))).status).toBe(0);
      expect(readFileSync(join(place, "app.contour"), "utf8")).toBe(app(opening(["/bin/sh"], "/b", "/c")));
    });

    test("what either branch took out is gone, rules of the policy too", () => {
      const under = (rules: readonly object[], ...acts: readonly string[]) =>
        textOf(contourOf([opening(["/bin/sh"], ...acts)], JSON.stringify({ lens: "default", pseudonyms: rules })));
      const [a, b, c, d] = ["A", "B", "C", "D"].map((as) => ({ as })) as [object, object, object, object];
      keep("app.contour", under([a, b], "/1", "/2", "/3"));
      setup();
      commit("begin again");
      expect(mergeBranches(under([b, c], "/1", "/2", "/4"), under([a, b, d], "/2", "/3", "/5")).status).toBe(0);
      expect(readFileSync(join(place, "app.contour"), "utf8")).toBe(under([b, c, d], "/2", "/4", "/5"));
    });

    test("an element of the policy that one branch took out, and the other changed, is a conflict", () => {
      const under = (pseudonyms: readonly object[]) => textOf(contourOf([shell], JSON.stringify({ pseudonyms })));
      keep("app.contour", under([{ as: "A", path: "/a/**" }]));
      setup();
      commit("begin again");
      const merged = mergeBranches(under([]), under([{ as: "A", path: "/**" }]));
      expect(merged.status).toBe(1);
      expect(`${merged.stdout}${merged.stderr}`).toMatch(/both branches took .* out of "pseudonyms" of the policy/);
      expect(readFileSync(join(place, "app.contour"), "utf8")).toBe(under([]));
    });

    test("pseudonyms stay in the order of both branches, of which none is taken where they differ", () => {
      const under = (...names: readonly string[]) =>
        textOf(contourOf([shell], JSON.stringify({ pseudonyms: names.map((as) => ({ as, path: "/**" })) })));
      keep("app.contour", under("A", "B"));
      setup();
      commit("begin again");
      expect(mergeBranches(under("A", "B", "D"), under("C", "A", "B")).status).toBe(0);
      expect(readFileSync(join(place, "app.contour"), "utf8")).toBe(under("C", "A", "B", "D"));
      git("checkout", "-q", "-b", "again");
      git("branch", "-q", "-D", "work");
      git("checkout", "-q", "main");
      const merged = mergeBranches(under("C", "A", "B", "D", "E"), under("A", "C", "B", "D"));
      expect(merged.status).toBe(1);
      expect(`${merged.stdout}${merged.stderr}`).toContain("in different orders");
    });

    test("a contour that both branches added under different policies is a conflict, and ours stays", () => {
      setup();
      commit("set up");
      const under = (lens: string) => textOf(contourOf([shell], JSON.stringify({ lens })));
      git("checkout", "-q", "-b", "work");
      keep("new.contour", under("default"));
      commit("theirs");
      git("checkout", "-q", "main");
      keep("new.contour", under("exact"));
      commit("ours");
      const merged = git("merge", "-q", "-m", "merge", "work");
      expect(merged.status).toBe(1);
      expect(`${merged.stdout}${merged.stderr}`).toMatch(/both branches changed "lens" of the policy/);
      expect(readFileSync(join(place, "new.contour"), "utf8")).toBe(under("exact"));
    });

    test("policies that cannot be put together are a conflict, and ours stays", () => {
      setup();
      commit("set up");
      const under = (lens: string) => textOf(contourOf([shell], JSON.stringify({ lens })));
      const merged = mergeBranches(under("exact"), under("default"));
      expect(merged.status).toBe(1);
      expect(`${merged.stdout}${merged.stderr}`).toMatch(/both branches changed "lens" of the policy/);
      expect(readFileSync(join(place, "app.contour"), "utf8")).toBe(under("exact"));
    });

    describe("of contours that were generalised", () => {
      const up: ClassRule = {
        at: "$CWD/up/{photo-<n>}.jpg",
        of: ["open"],
        replaces: 2,
        accepts: "a number",
        because: "2 of 2 runs",
      };
      const logs: ClassRule = { ...up, at: "$CWD/logs/{log-<n>}.txt" };
      const under = (rules: readonly ClassRule[], ...files: readonly string[]) =>
        textOf(
          contourOf([opening(["/bin/sh"], ...files)], canonicalPolicy({ ...DEFAULT_POLICY, classes: [...rules] })),
        );
      const photos = ["$CWD/up/photo-1.jpg", "$CWD/up/photo-2.jpg"];
      const entries = ["$CWD/logs/log-1.txt", "$CWD/logs/log-2.txt"];
      const begin = (...rules: readonly ClassRule[]) => {
        keep("app.contour", under(rules, ...(rules.length > 0 ? [up.at] : photos), ...entries));
        setup();
        commit("begin again");
      };

      test("no rule is lost, and what one branch learnt by its name is one of the other's class", () => {
        begin();
        const ours = under([up], up.at, ...entries, "$CWD/logs/log-9.txt", "$CWD/new.txt");
        const theirs = under([logs], ...photos, logs.at, "$CWD/up/photo-8.jpg");
        expect(mergeBranches(ours, theirs).status).toBe(0);
        expect(readFileSync(join(place, "app.contour"), "utf8")).toBe(
          under([up, logs], up.at, "$CWD/new.txt", logs.at),
        );
      });

      test("the same rule with more evidence is one rule", () => {
        begin(up);
        const more = { ...up, replaces: 7, because: "7 of 7 runs" };
        expect(mergeBranches(under([more], up.at, ...entries), under([up], up.at, ...entries, "/x")).status).toBe(0);
        expect(read().policy).toContain("7 of 7 runs");
      });

      describe("what one branch withdrew does not come back because the other changed the words of its rule", () => {
        const more = { ...up, replaces: 7, because: "7 of 7 runs" };
        const but = { ...up, but: ["photo-7.jpg"] };

        test.each<[string, ClassRule[], string[]]>([
          ["a rule that was deleted", [], []],
          ["a rule that was deleted, and its acts put back", [], photos],
          ["a rule that was narrowed", [but], [up.at]],
        ])("%s", (_, rules, own) => {
          begin(up);
          const ours = under(rules, ...own, ...entries);
          expect(mergeBranches(ours, under([more], up.at, ...entries, "/x")).status).toBe(0);
          expect(readFileSync(join(place, "app.contour"), "utf8")).toBe(under(rules, ...own, ...entries, "/x"));
        });

        test("a rule that was deleted, where the other widened it: one clear conflict, and ours stays", () => {
          begin(up);
          const wider: ClassRule = { ...up, of: ["open", "unlink"] };
          const merged = mergeBranches(under([], ...photos, ...entries), under([wider], up.at, ...entries));
          expect(merged.status).toBe(1);
          expect(`${merged.stdout}${merged.stderr}`).toContain("both branches changed the rule for $CWD/up/");
          expect(readFileSync(join(place, "app.contour"), "utf8")).toBe(under([], ...photos, ...entries));
        });
      });

      test("two rules of one place that cannot be one are one clear conflict, and ours stays", () => {
        begin();
        const [one, other] = [
          { ...up, by: ["sh"] },
          { ...up, by: ["cp"] },
        ];
        const merged = mergeBranches(under([one], up.at, ...entries), under([other], up.at, ...entries));
        expect(merged.status).toBe(1);
        expect(`${merged.stdout}${merged.stderr}`).toContain("two rules for $CWD/up/{photo-<n>}.jpg differ");
        expect(readFileSync(join(place, "app.contour"), "utf8")).toBe(under([one], up.at, ...entries));
      });

      test("an act of a class whose rule the other branch deleted is one clear conflict", () => {
        const wide: ClassRule = { ...up, of: ["open", "unlink"] };
        begin(wide);
        const removed = `unlink path=${up.at} mode=0100644 uid=user gid=user fs=disk`;
        const acts = [up.at, ...entries].map((file) => openAct(file));
        const policy = canonicalPolicy({ ...DEFAULT_POLICY, classes: [wide] });
        const theirs = textOf(contourOf([{ chain: ["/bin/sh"], acts: [...acts, removed] }], policy));
        const ours = under([], ...photos, ...entries);
        const merged = mergeBranches(ours, theirs);
        expect(merged.status).toBe(1);
        expect(`${merged.stdout}${merged.stderr}`).toContain(
          "one branch deleted a rule of the policy, and the other learnt 1 act",
        );
        expect(readFileSync(join(place, "app.contour"), "utf8")).toBe(ours);
      });
    });

    test("a file that is no contour any more is a conflict, and ours stays", () => {
      setup();
      commit("set up");
      expect(mergeBranches(app(opening(["/bin/sh"], "/b")), "isoline contour 2\nprofile iso1\n").status).toBe(1);
      expect(readFileSync(join(place, "app.contour"), "utf8")).toBe(app(opening(["/bin/sh"], "/b")));
    });

    test("a difference reads as sentences", () => {
      setup();
      const long = `/${"f".repeat(3000)}`;
      keep("app.contour", app(opening(["/bin/sh"], "/e", `${long}1`)));
      expect(git("diff", "--", "app.contour").stdout).toMatch(
        /^\+sh: opened \/e for reading {3}mode=0100644 uid=user gid=user fs=disk {3}[0-9a-f]{40}$/m,
      );
      commit("a long name");
      keep("app.contour", app(opening(["/bin/sh"], "/e", `${long}2`)));
      expect(git("diff", "--", "app.contour").stdout).toMatch(
        /^\+sh: opened \/f+2 for reading {3}mode=\S+ uid=user gid=user fs=disk {3}[0-9a-f]{40}$/m,
      );
    });

    test("a difference tells the user of an act, the program it is aimed at, and its rights", () => {
      setup();
      const opened = `${openAct("/x")} digest=${"ab".repeat(32)}`;
      const target = "cd".repeat(32);
      const contour = contourOf([
        {
          chain: ["/bin/sh"],
          acts: [opened, "create access=write path=/x mode=04755", `kill signal=9 relation=namespace target=${target}`],
        },
      ]);
      const ids = { uid: 33, euid: 33, suid: 33, fsuid: 33, gid: 44, egid: 44, sgid: 44, fsgid: 44 };
      const [task] = contour.tasks();
      for (const [credentials, capabilities] of [
        [ids, 0n],
        [ids, 1n],
        [{ ...ids, euid: 0 }, 0n],
      ] as const) {
        const event = eventOf(opened, task);
        contour.add({ ...event, actor: { ...event.actor, credentials: { ...credentials, capabilities } } });
      }
      keep("app.contour", textOf(contour));
      const lines = isoline(["textconv", "app.contour"], { cwd: place }).stdout.split("\n");
      const told = lines.filter((line) => line.startsWith("sh")).map((line) => line.replace(/ {3}[0-9a-f]{40}$/, ""));
      const sentence = "opened /x for reading   mode=0100644 uid=user gid=user fs=disk digest=abababababab…";
      expect(told.toSorted()).toEqual([
        `sh as 33:44 with 0x1: ${sentence}`,
        `sh as 33:44: ${sentence}`,
        `sh as uid=33 euid=0 suid=33 fsuid=33 gid=44 egid=44 sgid=44 fsgid=44 capabilities=0x0: ${sentence}`,
        "sh: created /x for writing, with the mode 04755   mode=04755",
        `sh: ${sentence}`,
        "sh: sent signal 9 (KILL) to a process of its namespace   signal=9 relation=namespace target=cdcdcdcdcdcd…",
      ]);
    });

    test("evidence of both branches is merged", () => {
      const learn = (script: string) =>
        isoline(["learn", "-q", "--merge", "-o", "true.contour", "--", "sh", "-c", script], { cwd: place });
      setup();
      learn("true");
      commit("learnt");
      git("checkout", "-q", "-b", "work");
      learn("cat /etc/hostname");
      commit("theirs");
      git("checkout", "-q", "main");
      learn("cat /etc/hosts");
      commit("ours");
      expect(git("merge", "-q", "-m", "merge", "work").status).toBe(0);
      const commands = decodeEvidence(readFileSync(join(place, "true.contour.evidence"))).runs.map(
        ({ command }) => command,
      );
      expect(commands.sort()).toEqual(["sh -c 'cat /etc/hostname'", "sh -c 'cat /etc/hosts'", "sh -c true"]);
      const text = readFileSync(join(place, "true.contour"), "utf8");
      expect([" path=/etc/hostname ", " path=/etc/hosts "].every((file) => text.includes(file))).toBe(true);
      expect(isoline(["textconv", "true.contour.evidence"], { cwd: place }).stdout).toMatch(
        /^\d{4}-\S+Z from an unknown start: sh -c 'cat/m,
      );
    });
  });

  test("outside of a repository, git-setup says what it expected", () => {
    const { status, stderr } = isoline(["git-setup"], { cwd: "/", environment: { GIT_CEILING_DIRECTORIES: "/" } });
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("expected a git repository"),
    });
  });
});

/** A profile of another system beside a contour: what learning confirms, and what it removes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalPolicy, DEFAULT_POLICY } from "@isoline/core/identity";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAppArmor } from "../../packages/isoline/src/prior/apparmor.ts";
import { readKubescape } from "../../packages/isoline/src/prior/kubescape.ts";
import { permitsOf } from "../../packages/isoline/src/export/permits.ts";
import { formatPrior, parsePrior } from "../../packages/isoline/src/prior/file.ts";
import { asPrior, weighPrior } from "../../packages/isoline/src/prior/weigh.ts";
import { contourOf, openAct } from "../arbitrary/contour.ts";
import { isBuilt, isoline } from "../support/isoline.ts";

const PROFILE = `abi <abi/4.0>,
include <tunables/global>
profile app /usr/bin/sh {
  include <abstractions/base>
  capability chown,
  deny /etc/shadow r,
  /{usr/,}bin/{cat,dash} mrix,
  owner @{PROC}/@{pid}/maps r,
  "/**/in file.txt" r, # what it reads
  /opt/never/** rw,
  network inet stream,
}
`;

describe.skipIf(!isBuilt)("an imported profile", () => {
  let cwd: string;
  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), "isoline-import-"));
    writeFileSync(join(cwd, "in file.txt"), "text\n");
    await isoline(["learn", "-o", "app.contour", "--", "sh", "-c", 'cat "in file.txt" >out.txt'], { cwd });
  });
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  it("of AppArmor: says what is confirmed, what nothing needs, and what no rule permits", async () => {
    writeFileSync(join(cwd, "profile"), PROFILE);
    const { status, stdout } = await isoline(["import", "profile", "app.contour", "--from", "apparmor", "--json"], {
      cwd,
    });
    const told = JSON.parse(stdout);
    expect(status).toBe(0);
    expect(told.confirmed).toEqual(["/{usr/,}bin/{cat,dash} mrix", '"/**/in file.txt" r']);
    expect(told.unseen).toEqual(
      ["owner @{PROC}/@{pid}/maps r", "/opt/never/** rw", "network inet stream"].map((rule) =>
        rule.replace("owner ", ""),
      ),
    );
    expect(told.lacking.some((line: string) => line.endsWith("/out.txt"))).toBe(true);
    expect(told.unread).toContain("deny /etc/shadow r");
  });

  it("stays beside the contour: learning confirms its rules or removes them, and show lists them", async () => {
    const rules = "/usr/bin/dash mrix,\n/etc/hosts r,\n/opt/never/** rw,\n";
    writeFileSync(join(cwd, "usr.bin.app"), rules);
    const run = (...words: readonly string[]) => isoline(words, { cwd });
    const imported = await run("import", "usr.bin.app", "kept.contour", "--from", "apparmor");
    expect(imported.stderr).toContain("3 rules, none confirmed: kept.contour is not learnt yet");
    const first = await run("learn", "-o", "kept.contour", "--", "sh", "-c", "true");
    expect(first.stderr).toContain(
      "prior usr.bin.app (apparmor): 1 of 3 rules confirmed, 2 not needed so far, 0 removed",
    );
    const shown = (await run("show", "kept.contour")).stdout;
    expect(shown).toMatch(
      /^prior usr\.bin\.app \(apparmor\) {3}1 of 3 rules confirmed\n {2}not needed {3}\/etc\/hosts r {3}\(1 run\)$/m,
    );
    expect(shown).toMatch(/^ {2}beyond it {4}\S/m);

    await run("learn", "-q", "--merge", "--runs", "2", "-o", "kept.contour", "--", "sh", "-c", "cat /etc/hosts");
    const { prior } = JSON.parse((await run("show", "--json", "kept.contour")).stdout);
    expect(prior.rules).toEqual([
      { text: "/usr/bin/dash mrix", state: "confirmed", missed: 0 },
      { text: "/etc/hosts r", state: "confirmed", missed: 0 },
      { text: "/opt/never/** rw", state: "open", missed: 3 },
    ]);
    // It is a remark: what it names and nothing needed is off contour.
    const enforced = await run("check", "-q", "kept.contour", "--", "sh", "-c", "ls /opt/never");
    expect(enforced.status).toBe(3);
  });

  it("is only compared with --dry-run, and refused where it was changed", async () => {
    writeFileSync(join(cwd, "profile"), PROFILE);
    await isoline(["import", "profile", "app.contour", "--from", "apparmor", "--dry-run"], { cwd });
    const kept = readdirSync(cwd).filter((name) => name === "app.contour.prior");
    writeFileSync(join(cwd, "changed.contour"), readFileSync(join(cwd, "app.contour")));
    writeFileSync(join(cwd, "changed.contour.prior"), "isoline prior 1\n{}\nend\n");
    const { status, stderr } = await isoline(["show", "changed.contour"], { cwd });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^isoline: \S*changed\.contour\.prior: line 2: expected the system, .*; import the profile anew\n$/,
    );
    expect(kept.length).toBeLessThanOrEqual(1);
  });

  it("that cannot be read is refused with one line", async () => {
    writeFileSync(join(cwd, "broken"), "kind: [");
    for (const [format, file] of [
      ["kubescape", "broken"],
      ["kubescape", "profile"],
      ["apparmor", "missing"],
    ] as const) {
      const { status, stdout, stderr } = await isoline(["import", file, "app.contour", "--from", format], { cwd });
      expect([file, status, stdout, stderr.trimEnd().split("\n").length]).toEqual([file, 1, "", 1]);
    }
  });
});

describe("a prior on disk", () => {
  const prior = asPrior(readAppArmor(PROFILE), "apparmor", "usr.bin.app");
  const policy = canonicalPolicy(DEFAULT_POLICY);

  it("is read as it was written", () => {
    const again = parsePrior(formatPrior(prior), "x");
    expect(formatPrior(again)).toBe(formatPrior(prior));
    expect(again.rules.map(({ rule }) => rule.text)).toEqual(prior.rules.map(({ rule }) => rule.text));
  });

  it("is read or refused, whatever its bytes are", () => {
    const lines = formatPrior(prior).split("\n");
    fc.assert(
      fc.property(fc.nat(lines.length - 1), fc.oneof(fc.string(), fc.json()), (at, line) => {
        const text = lines.with(at, line).join("\n");
        let outcome: string | undefined = "read";
        try {
          parsePrior(text, "x");
        } catch (fault) {
          outcome = (fault as { code?: string }).code;
        }
        expect(["read", "bad-policy"]).toContain(outcome);
      }),
    );
  });

  it("loses a rule that 29 runs in a row did not need, and has it back when an act needs it", () => {
    const contour = contourOf([{ chain: ["/usr/bin/dash"], acts: [openAct("/etc/hosts")] }], policy);
    const places = { cwd: "/w", home: "/h", temp: ["/tmp"], uid: 1000 };
    const permits = permitsOf(contour, places);
    const rules = asPrior(readAppArmor("/opt/never/** rw,\n/etc/hosts r,\n"), "apparmor", "p");
    const states = (runs: number) => weighPrior(rules, permits, runs).prior.rules.map(({ state }) => state);
    expect([states(1), states(28), states(29)]).toEqual([
      ["open", "confirmed"],
      ["open", "confirmed"],
      ["removed", "confirmed"],
    ]);
    const removed = {
      ...rules,
      rules: rules.rules.map((each) => ({ ...each, state: "removed" as const, missed: 40 })),
    };
    expect(weighPrior(removed, permits, 1).prior.rules[1]).toMatchObject({ state: "confirmed", missed: 0 });
  });
});

describe("profiles from outside", () => {
  it.skipIf(!readdir("/etc/apparmor.d"))("every profile that Debian ships is read", () => {
    const rules = (readdir("/etc/apparmor.d") ?? [])
      .filter((name) => name !== "abi" && !name.startsWith("."))
      .flatMap((name) => {
        try {
          return readAppArmor(readFileSync(`/etc/apparmor.d/${name}`, "utf8")).rules;
        } catch (fault) {
          if ((fault as NodeJS.ErrnoException).code === "EISDIR") return [];
          throw fault;
        }
      });
    expect(rules.length).toBeGreaterThan(100);
  });

  it("any text is read or refused, and a pattern with many stars takes no time that grows with their combinations", async () => {
    const codeOf = async (read: (text: string) => unknown, text: string) => {
      try {
        await read(text);
        return "read";
      } catch (fault) {
        return (fault as { code?: string }).code;
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 200 }), async (text) => {
        for (const read of [readAppArmor, readKubescape])
          expect(["read", "bad-policy"]).toContain(await codeOf(read, text));
      }),
    );
    const [rule] = readAppArmor(`/${"a*".repeat(500)} r,`).rules;
    expect(rule?.kind === "file" && rule.pattern.matches(`/${"a".repeat(4000)}b/`)).toBe(false);
    expect(() => readAppArmor(`/${"{a,b}".repeat(40)} r,`)).toThrow("more than 256 patterns");
  });
});

function readdir(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch {
    return undefined;
  }
}

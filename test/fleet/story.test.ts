/** `npm run demo:fleet` as a user sees it: real TPMs in software, a real verifier, a real log, an attack; and Ctrl-C in the middle. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hasBrowser } from "../support/browser.ts";
import { STARVED_SECONDS } from "../../packages/isoline/src/demo/fleet/verdicts.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { isCI, isInstalled } from "../support/machine.ts";
import { StoryOnThePage } from "./story-on-the-page.ts";

const isMissing = !isBuilt || !isInstalled("swtpm") || !isInstalled("swtpm_setup") || !hasBrowser;
const MINUTES = 60_000;

/** Processes whose command line or environment names a place. */
function processesAt(place: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return ["cmdline", "environ"].some((file) => readFileSync(`/proc/${pid}/${file}`, "latin1").includes(place));
    } catch {
      return false;
    }
  });
}

describe.skipIf(isMissing || !isCI)(
  "the story of a fleet (a minute or two: in CI; needs swtpm, Chromium and a build)",
  () => {
    const place = mkdtempSync(join(tmpdir(), "isoline-story-"));
    const temporary = (name: string) => {
      mkdirSync(join(place, name));
      return join(place, name);
    };
    afterAll(() => rmSync(place, { recursive: true, force: true }));

    it(
      "is told to its end: green, red by an attack, red by a forged past, green again; and leaves nothing behind",
      async () => {
        const directory = temporary("whole");
        await using page = new StoryOnThePage();
        const { stdout, stderr, status } = await isoline(["demo", "--fleet"], {
          cwd: "/",
          env: { TMPDIR: directory },
          onStart: (child) => child.stdout?.on("data", (text: string) => page.hear(text)),
        });
        expect(stderr).not.toMatch(/should not have happened|no verdict/);
        expect(stdout).toMatch(/^node-1 +mail +affirming[^]*^node-1 +web +affirming[^]*^node-2 +web +affirming/m);
        const [, attacked = ""] = stdout.split("5  An attack");
        expect(attacked).toMatch(
          /^node-1 +web +contraindicated +enforcing +1 .*off-contour: expected no departure, got 1/m,
        );
        // The story waits for no verdict as long as evidence takes to be due, on whatever machine: this one was pushed.
        const [, seconds, due] =
          /^It was refused\. The verifier knew (\d+\.\d) s after the request was sent\. Evidence is due every (\d+) s here:$/m.exec(
            attacked,
          ) ?? [];
        expect(Number(due)).toBeGreaterThan(STARVED_SECONDS);
        expect(Number(seconds)).toBeLessThan(Number(due));
        expect(attacked).toMatch(/refused +`cat` .* opened \$CWD\/secret for reading/);
        expect(attacked).toMatch(/^1 process departed and is untrusted, by the register of the TPM:$/m);
        expect(attacked).toMatch(
          /entry \d+ of log\.example\/fleet, which the witness has signed, says\n\nisoline fleet statement 1\n[^]*^kind change\n[^]*^to contraindicated\nclass off-contour\n/m,
        );
        const [, forged = ""] = stdout.split("6  A forged past");
        expect(forged).toMatch(/^node-2: contraindicated for .*: equivocation: /m);
        const [, repaired = ""] = stdout.split("7  The service is repaired");
        expect(repaired).toMatch(/entry 1 of log\.example\/demo, seen by witness\.example\/demo/);
        expect(repaired).toMatch(/^node-1 +web +affirming[^]*^node-1\/web: affirming/m);
        expect(repaired).toMatch(/^log\.example\/fleet: \d+ entries, \d+ new, seen by witness\.example\/demo$/m);
        expect(status).toBe(0);

        const { canister, node } = await page.seen();
        expect(canister).toMatch(/contraindicated .*off-contour .*expected no departure, got 1/);
        expect(canister).toMatch(/refused `cat` .* opened \$CWD\/secret for reading/);
        expect(node).toMatch(/Hardware .*passed chain .*passed quote .*passed counters/);
        const { changes, wrong } = await page.latest();
        expect(changes.join("\n")).toMatch(
          /^→ web on node-1 affirming[^]*^→ node-2 contraindicated .*equivocation[^]*^→ web on node-1 contraindicated .*off-contour/m,
        );
        expect(wrong).toEqual([]);

        expect(readdirSync(directory)).toEqual([]);
        expect(processesAt(directory)).toEqual([]);
      },
      5 * MINUTES,
    );

    it(
      "ends whatever it started on Ctrl-C",
      async () => {
        const directory = temporary("stopped");
        const { status, stdout } = await isoline(["demo", "--fleet"], {
          cwd: "/",
          env: { TMPDIR: directory },
          onStart: (child) =>
            child.stdout?.on("data", (text: string) => {
              if (text.includes("fleet attest &")) child.kill("SIGINT");
            }),
        });
        expect(status).toBe(130);
        expect(stdout).not.toContain("An attack");
        expect(readdirSync(directory)).toEqual([]);
        expect(processesAt(directory)).toEqual([]);
      },
      3 * MINUTES,
    );
  },
);

/** `isoline approve` at a terminal of its own: a person elsewhere decides, and no answer is taken for that of another question. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { program } from "../cli/isoline.ts";
import { isBuilt } from "../support/isoline.ts";
import { AskingPlace, eventually, type Running, STARVED_MS } from "./run.ts";
import { CHOICES, hasTerminal, Terminal } from "./terminal.ts";

describe.skipIf(!hasTerminal || !isBuilt)(
  "isoline approve at a terminal (needs script and a build)",
  { timeout: 4 * STARVED_MS },
  () => {
    let place: AskingPlace;
    let terminal: Terminal | undefined;
    beforeAll(() => {
      place = new AskingPlace();
      for (const name of ["known", "secret"]) writeFileSync(place.at(name), `${name}\n`);
      learn();
    });
    afterEach(() => terminal?.child.kill("SIGKILL"));
    afterAll(() => place.clear());

    const waits = "while [ -e hold ]; do sleep 0.1; done";
    const learn = () =>
      place.learn("app.contour", ["sh", "-c", "cat known; cat known & wait; sleep 0; echo; kill -0 $$"]);
    /** A run that does what the script says as soon as a person waits at the terminal. */
    async function asked(script: string, ...options: readonly string[]): Promise<readonly [Terminal, Running]> {
      writeFileSync(place.at("hold"), "");
      const running = place.run(["app.contour", "--ask", ...options], ["sh", "-c", `${waits}; ${script}`]);
      await eventually(
        () => existsSync(place.socketOf(running.name)) || undefined,
        () => `an approver socket: ${running.output}`,
      );
      terminal = new Terminal(place, `"${program}" approve ${running.name}; echo left $?`);
      await terminal.appears("waiting for questions");
      rmSync(place.at("hold"));
      return [terminal, running];
    }

    it.each([
      ["o", "once", "secret\n", false],
      ["a", "always", "secret\n", true],
      ["r", "refuse", "refused\n", false],
    ] as const)("%s then Enter: %s", async (key, word, output, isKept) => {
      learn();
      const [at, running] = await asked("cat secret || echo refused; cat known");
      const shown = await at.appears(CHOICES);
      expect(shown).toMatch(/what +opened \$CWD\/secret for reading/);
      expect(shown).toContain(`asked by ${running.name}`);
      await at.answersLine(key, `isoline: ${word}`);
      await at.appears("has ended");
      await at.appears("left 0");
      await running.ended;
      expect(running.output).toContain(output);
      expect(place.text("app.contour").includes("$CWD/secret")).toBe(isKept);
    });

    it("d: refuses, and the process is not asked about again", async () => {
      const [at, running] = await asked("echo > a || echo refused a; echo > b || echo refused b");
      await at.appears(CHOICES);
      await at.answersLine("d", "isoline: distrust");
      await at.appears("has ended");
      await running.ended;
      expect(running.output).toContain("refused b");
      expect(existsSync(place.at("b"))).toBe(false);
    });

    it("a question ends at its deadline while it stands there, and the next one is asked", async () => {
      const [at, running] = await asked(
        "echo > a || echo refused a; echo > b || echo refused b",
        "--answer-within",
        "2",
      );
      await at.appears(CHOICES);
      await at.appears("the question is over");
      await at.appears(CHOICES);
      await running.ended;
      expect(running.output).toContain("refused a");
    });

    it("what was typed for a question that is over is no answer to the next", async () => {
      const script = "echo > a || echo refused a; echo > bait || echo refused bait";
      const [at, running] = await asked(script, "--answer-within", "4");
      await at.appears(CHOICES);
      // Half of an answer, when there was time to read the question.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      at.types("o");
      await at.appears("the question is over");
      await at.appears(CHOICES);
      at.types("\r");
      await running.ended;
      expect(running.output).toContain("refused bait");
      expect(existsSync(place.at("bait"))).toBe(false);
    });

    it("is left by Ctrl-D, and the run goes on", async () => {
      const [at, running] = await asked("cat known");
      await at.typesUntil("left 0", "\x04");
      expect(await running.ended).toBe(0);
    });
  },
);

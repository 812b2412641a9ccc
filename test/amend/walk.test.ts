/** `isoline accept -i` at a terminal: one decision about each cause, below the program that it is of. */
import { rmSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AskingPlace, STARVED_MS } from "../asking/run.ts";
import { hasTerminal, Terminal } from "../asking/terminal.ts";
import { program } from "../cli/isoline.ts";
import { isBuilt } from "../support/isoline.ts";

describe.skipIf(!hasTerminal || !isBuilt)(
  "accepting cause by cause (needs script and a build)",
  { timeout: 4 * STARVED_MS },
  () => {
    let place: AskingPlace;
    let terminal: Terminal | undefined;
    beforeAll(() => {
      place = new AskingPlace();
      for (const name of ["known", "secret"]) writeFileSync(place.at(name), `${name}\n`);
    });
    beforeEach(() => {
      rmSync(place.at("app.contour.evidence"), { force: true });
      place.learn("app.contour", ["sh", "-c", "cat known"]);
      const departs = "cat secret; echo > made; head -c 1 known";
      place.call(["check", "app.contour", "--report", "report.json", "--", "sh", "-c", departs]);
      terminal = new Terminal(place, `"${program}" accept app.contour report.json -i; echo left $?`);
    });
    afterEach(() => terminal?.child.kill("SIGKILL"));
    afterAll(() => place.clear());

    /** Answers each question by what it shows, n if nothing is said about that; returns all that was shown. */
    async function answering(answers: Readonly<Record<string, string>>): Promise<string> {
      const at = terminal as Terminal;
      for (let left = Number.POSITIVE_INFINITY; left > 0; left--) {
        const shown = await at.appears("]? ");
        const [, place, all] = /(\d)\/(\d) {2}/.exec(shown) ?? [];
        left = Number(all) - Number(place) + 1;
        const words = Object.keys(answers).find((each) => shown.includes(each));
        const answer = words === undefined ? "n" : (answers[words] as string);
        at.types(`${answer}\r`);
        if (answer === "q") break;
      }
      await at.appears("left 0");
      return at.all;
    }

    it("takes what was answered with y, and names each program once", async () => {
      const shown = await answering({ "$CWD/secret": "y" });
      expect(shown).toMatch(/1 departure accepted/);
      expect(shown).toMatch(/\d\/\d {2}opened \$CWD\/secret for reading/);
      expect(shown.match(/`head` \(/g)).toHaveLength(1);
      expect(shown).not.toMatch(/[0-9a-f]{64}/);
      const text = place.text("app.contour");
      expect([text.includes("$CWD/secret"), text.includes("$CWD/made")]).toEqual([true, false]);
    });

    it("takes nothing that follows q", async () => {
      const shown = await answering({ "$CWD/secret": "q" });
      expect(shown).toMatch(/left off contour: \d+ departure/);
      expect(place.text("app.contour")).not.toContain("$CWD/secret");
    });
  },
);

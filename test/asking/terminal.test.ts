/** Questions on a terminal that the workload shares, with `script` (util-linux) as the terminal. */
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { program } from "../cli/isoline.ts";
import { isBuilt } from "../support/isoline.ts";
import { AskingPlace, STARVED_MS } from "./run.ts";
import { CHOICES, hasTerminal, Terminal } from "./terminal.ts";

describe.skipIf(!hasTerminal || !isBuilt)(
  "a question on a terminal (needs script and a build)",
  { timeout: 4 * STARVED_MS },
  () => {
    let place: AskingPlace;
    let terminal: Terminal | undefined;
    beforeAll(() => {
      place = new AskingPlace();
      for (const name of ["known", "secret", "other"]) writeFileSync(place.at(name), `${name}\n`);
      place.learn("app.contour", [
        "sh",
        "-c",
        "cat known; while read -r line; do echo got $line; done; cat known & wait; sleep 0; stty -a 2> /dev/null; true",
      ]);
    });
    afterEach(() => terminal?.child.kill("SIGKILL"));
    afterAll(() => place.clear());

    const ask = (script: string, ...options: readonly string[]): Terminal => {
      writeFileSync(place.at("work"), script);
      const line = `"${program}" run app.contour --ask ${options.join(" ")} -- sh -c "$(cat work)"; echo ended $?`;
      terminal = new Terminal(place, line);
      return terminal;
    };

    it("says in one screen who, what, how, the nearest, and what it means", async () => {
      const at = ask("cat secret; cat known");
      const shown = await at.appears(CHOICES);
      expect(shown).toMatch(/who +cat, process \d+ of user \d+/);
      expect(shown).toMatch(/what +opened \$CWD\/secret for reading/);
      expect(shown).toMatch(/came by .*sh.* → cat|came by {2}.*cat/);
      expect(shown).toMatch(/nearest +opened \$CWD\/known for reading/);
      expect(shown).toMatch(/means +\w+/);
      await at.answers("o", "once");
      await at.appears("secret\r\n");
      await at.appears("ended 0");
    });

    it("takes y for no answer, and nothing that was typed before", async () => {
      const at = ask("cat secret || echo refused");
      at.types("o\ro\ry\r");
      await at.appears(CHOICES);
      at.types("y\r\ry\r");
      await at.answers("r", "refuse");
      await at.appears("refused");
      await at.appears("ended");
      expect(at.all).not.toContain("secret\r\n");
    });

    it("is answered with refuse by Ctrl-C, and the run goes on", async () => {
      const at = ask("cat secret || echo refused; cat known");
      await at.appears(CHOICES);
      expect(await at.typesUntil("refused", "\x03")).toContain("Operation not permitted");
    });

    it("is not drawn over: nothing inside runs while it stands there, and all of it goes on afterwards", async () => {
      // The job in the background would fill the screen.
      const at = ask(
        "(while :; do echo over; done) & cat secret; cat known; sleep 0; kill $!; wait; echo over and out",
        "--answer-within 300",
      );
      await at.appears(CHOICES);
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(at.seen).not.toContain("over");
      await at.typesUntil("refuse", "r");
      expect(at.seen).not.toContain("over");
      at.types("\r");
      // The signal is asked about as well, and the job stands still again until that is answered.
      expect(await at.appears(CHOICES)).toContain("over\r\n");
      await at.answers("o", "once");
      await at.appears("over and out");
    });

    it("shows control sequences in names as text", async () => {
      writeFileSync(place.at("a\x1b[2J\nwhat     opened known"), "");
      const at = ask('cat "$(printf "a\\033[2J\\nwhat     opened known")" || echo refused');
      const shown = await at.appears(CHOICES);
      expect(shown).toMatch(/what +/);
      const question = shown.slice(shown.indexOf("isoline: may this happen"));
      expect(question).not.toContain("\x1b");
      expect(question.match(/^ {2}what /gm)).toHaveLength(1);
      await at.answers("r", "refuse");
      await at.appears("ended");
    });

    it("leaves the terminal and its jobs as they were", async () => {
      const at = ask("stty -echo; cat secret; stty -a", "--answer-within 20");
      await at.appears(CHOICES);
      await at.answers("o", "once");
      await at.appears("-echo ");
      expect(await at.appears("ended")).not.toContain("Stopped");
    });

    it("is refused at its deadline", async () => {
      // A starved question may be over before it is shown, and is asked again.
      const at = ask("for n in 1 2 3 4 5 6 7 8; do cat secret || echo refused; done", "--answer-within 1");
      await at.appears(CHOICES);
      await at.appears("the question is over");
      expect(await at.appears("refused")).not.toContain("secret\r\n");
    });

    it("is answered by an approver elsewhere while it stands there", async () => {
      const at = ask("cat secret", "--name both");
      await at.appears(CHOICES);
      const [{ key }] = JSON.parse(place.call(["approve", "both", "--list", "--json"]).stdout) as [{ key: string }];
      expect(place.call(["approve", "both", key, "once"]).status).toBe(0);
      await at.appears("the question is over");
      await at.appears("secret\r\n");
    });

    it("comes while a job of a shell inside has the terminal, and job control goes on", async () => {
      const jobs = (file: string) => `bash --norc -c 'set -m; cat ${file}; cat known; echo finished'`;
      terminal = new Terminal(place, `"${program}" learn -q -o jobs.contour -- ${jobs("known")}`);
      await terminal.ended;
      terminal = new Terminal(place, `"${program}" run jobs.contour --ask -- ${jobs("secret")}; echo ended $?`);
      await terminal.appears(CHOICES);
      await terminal.answers("o", "once");
      await terminal.appears("secret\r\n");
      await terminal.appears("finished");
      await terminal.appears("ended 0");
      expect(terminal.all).not.toContain("Stopped");
    });
  },
);

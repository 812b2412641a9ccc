/** The commands that amend a contour without learning it again. */
import type { Command } from "commander";
import type { AcceptOptions } from "../commands/accept.ts";
import type { DeparturesOptions } from "../commands/departures.ts";
import type { Invocation } from "../invocation.ts";
import { examples } from "./examples.ts";
import { repeated } from "./repeated.ts";

const ONLY =
  "only what this means: an operation, path, address, program or act with * and ?, or a class (updated-program, " +
  "renamed-program, changed-content, new); may be repeated";

export function declareAmending(program: Command, { ends }: Invocation): void {
  program.commandsGroup("Amending:");

  program
    .command("departures")
    .summary("show what departed from a contour, and when")
    .description(
      "Shows the departures of a report, of a live namespace, or of one that has ended, by their causes. Repeats are counted.",
    )
    .argument("<source>", "a report of check or run, or the name of a namespace, live or ended")
    .option("-a, --all", "every act")
    .option("--earlier", "of the namespace that had this name before")
    .option("--json", "every departure as a report has it")
    .addHelpText(
      "after",
      examples(
        "isoline departures web",
        "isoline departures report.json --all",
        "isoline departures web --json | jq .departures",
      ),
    )
    .action((source: string, options: DeparturesOptions) =>
      ends(import("../commands/departures.ts").then(({ departures }) => departures(source, options))),
    );

  program
    .command("accept")
    .summary("accept departures: they become points, and nothing is run again")
    .description(
      "Adds departures of a report, or of a namespace, to the contour that they departed from. What was not observed whole is " +
        "never accepted.",
    )
    .argument("<file>", "the contour")
    .argument("<source>", "a report of check or run, or the name of a namespace")
    .option("--only <pattern>", ONLY, repeated)
    .option("-i, --interactive", "ask about each cause, like git add -p")
    .option("--reason <text>", "why, for those who read it later")
    .option("-q, --quiet", "no summary")
    .addHelpText(
      "after",
      `${examples(
        "isoline check app.contour --report report.json -- npm test",
        "isoline accept app.contour report.json -i",
        "isoline accept app.contour report.json --only updated-program --reason 'Node 24.2'",
        "isoline accept web.contour web --only '/var/log/web/*'",
      )}\n\nExit status: 0, or 4 where something could not be accepted because it was not observed whole.`,
    )
    .action((file: string, source: string, options: AcceptOptions) =>
      ends(import("../commands/accept.ts").then(({ accept }) => accept(file, source, options))),
    );
}

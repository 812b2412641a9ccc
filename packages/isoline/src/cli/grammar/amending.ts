/** The commands that amend a contour without learning it again. */
import { type Command, InvalidArgumentError } from "commander";
import type { AcceptOptions } from "../commands/accept.ts";
import type { DeparturesOptions } from "../commands/departures.ts";
import type { PruneOptions } from "../commands/prune.ts";
import type { UpdateOptions } from "../commands/update.ts";
import type { Invocation } from "../invocation.ts";
import { examples } from "./examples.ts";
import { repeated } from "./repeated.ts";

const ONLY =
  "only what this means: a question as in isoline query, a path, address or program with * and ?, or a class " +
  "(updated-program, renamed-program, changed-content, new); may be repeated";

const VERSION =
  "the version that was learnt: a Debian package (FILE.deb, or NAME=VERSION), an npm lockfile, an OCI layout " +
  "(DIRECTORY or DIRECTORY@sha256:…), or a directory";

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
        "isoline accept web.contour web --only 'write path=/var/log/web/'",
      )}\n\nExit status: 0, or 4 where something could not be accepted because it was not observed whole.`,
    )
    .action((file: string, source: string, options: AcceptOptions) =>
      ends(import("../commands/accept.ts").then(({ accept }) => accept(file, source, options))),
    );

  program
    .command("prune")
    .summary("show, and remove, what the last runs did not do")
    .description(
      "Shows the points that none of the last runs saw, by the evidence beside the contour. Removes them with --remove.",
    )
    .argument("<file>", "the contour")
    .option("--runs <count>", "how many runs must not have seen it", countOf, 10)
    .option("--remove", "remove these points")
    .option("-a, --all", "show every act")
    .option("--json", "the points for machines")
    .addHelpText(
      "after",
      examples("isoline prune app.contour --runs 20", "isoline prune app.contour --runs 20 --remove"),
    )
    .action((file: string, options: PruneOptions) =>
      ends(import("../commands/prune.ts").then(({ prune }) => prune(file, options))),
    );

  program
    .command("update")
    .summary("rewrite a contour for an update of what it runs")
    .description(
      "Predicts from two versions which files on the contour get another content, and rewrites it: the same acts, by the new " +
        "programs. Says what could not be predicted.",
    )
    .argument("<file>", "the contour")
    .requiredOption("--from <version>", VERSION)
    .requiredOption("--to <version>", "the new version, in the same form")
    .option("--npm-cache <directory>", "of lockfiles: where npm keeps packages; ~/.npm if left out")
    .option("--both", "keep the old version permitted beside the new one")
    .option("--dry-run", "write nothing")
    .option("--json", "the prediction for machines")
    .addHelpText(
      "after",
      `${examples(
        "isoline update web.contour --from nginx_1.26.0_amd64.deb --to nginx_1.26.1_amd64.deb",
        "isoline update web.contour --from nginx=1.26.0-1 --to nginx=1.26.1-1 --both",
        "isoline update app.contour --from old/package-lock.json --to package-lock.json --dry-run",
        "isoline update app.contour --from build.old --to build",
      )}\n\nExit status: 0 everything predicted, 1 something was not.`,
    )
    .action((file: string, options: UpdateOptions) =>
      ends(import("../commands/update.ts").then(({ update }) => update(file, options))),
    );
}

function countOf(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new InvalidArgumentError(`expected 1 to 9999, got ${JSON.stringify(text.slice(0, 40))}.`);
  return Number(text);
}

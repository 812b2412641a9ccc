/** The commands for services of systemd. */
import type { Command } from "commander";
import type { ServiceOptions } from "../commands/service/asked.ts";
import type { ServiceShowOptions } from "../commands/service/show.ts";
import type { Invocation } from "../invocation.ts";
import { examples } from "./examples.ts";
import { repeated } from "./repeated.ts";

const UNIT = "the unit: web, or web.service";

export function declareService(program: Command, { ends }: Invocation): void {
  program.commandsGroup("Services (docs/how-to/service.md):");

  const service = program
    .command("service")
    .summary("learn and enforce a service of systemd")
    .description("Puts a service of systemd under isoline by a drop-in of its unit: docs/how-to/service.md.")
    .usage("COMMAND UNIT [options]")
    .enablePositionalOptions()
    .addHelpText(
      "after",
      examples("isoline service learn web", "isoline service finish web", "isoline service enforce web"),
    );

  const learn = service
    .command("learn")
    .summary("learn it whenever it is started")
    .description("Writes a drop-in by which each run of the service adds to its contour.")
    .argument("<unit>", UNIT)
    .addHelpText("after", examples("isoline service learn web", "isoline service learn web --dry-run"))
    .action((unit: string, options: ServiceOptions) =>
      ends(import("../commands/service/learn.ts").then(({ serviceLearn }) => serviceLearn(unit, options))),
    );
  withDropIn(learn);

  const finish = service
    .command("finish")
    .summary("end the learning")
    .description(
      "Takes the drop-in away by which the service is learnt, and says what further runs must be expected to do.",
    )
    .argument("<unit>", UNIT)
    .addHelpText(
      "after",
      `${examples("isoline service finish web")}\n\nExit status: 0 it was learnt, 1 nothing was learnt yet.`,
    )
    .action((unit: string, options: ServiceOptions) =>
      ends(import("../commands/service/finish.ts").then(({ serviceFinish }) => serviceFinish(unit, options))),
    );
  withPlaces(finish);

  const enforce = service
    .command("enforce")
    .summary("run it under its contour, enforced")
    .description("Writes a drop-in by which the service is started with isoline run --enforce.")
    .argument("<unit>", UNIT)
    .addHelpText(
      "after",
      examples("isoline service enforce web", "isoline service enforce web --without SystemCallFilter"),
    )
    .action((unit: string, options: ServiceOptions) =>
      ends(import("../commands/service/enforce.ts").then(({ serviceEnforce }) => serviceEnforce(unit, options))),
    );
  withAgent(withDropIn(enforce));

  const release = service
    .command("release")
    .summary("run it without its contour again")
    .description("Takes the drop-in away by which the service is enforced. Its contour stays.")
    .argument("<unit>", UNIT)
    .addHelpText("after", examples("isoline service release web", "isoline service release web --dry-run"))
    .action((unit: string, options: ServiceOptions) =>
      ends(import("../commands/service/release.ts").then(({ serviceRelease }) => serviceRelease(unit, options))),
    );
  withPlaces(release);

  const show = service
    .command("show")
    .summary("whether it is learnt or enforced, and still rightly so")
    .description(
      "Shows the drop-in and the contour of a service, and whether the unit has changed since. Give it the same options.",
    )
    .argument("<unit>", UNIT)
    .option("--json", "for machines")
    .addHelpText(
      "after",
      `${examples("isoline service show web")}\n\nExit status: 0, or 1 if the unit has changed since.`,
    )
    .action((unit: string, options: ServiceShowOptions) =>
      ends(import("../commands/service/show.ts").then(({ serviceShow }) => serviceShow(unit, options))),
    );
  withAgent(withDropIn(show));
}

function withPlaces(command: Command): Command {
  return command
    .option("--directory <dir>", "where drop-ins of units are; /etc/systemd/system if left out")
    .option("--contour <file>", "its contour; /var/lib/isoline/services/UNIT.contour if left out")
    .option("--dry-run", "show the change, and make none");
}

function withDropIn(command: Command): Command {
  return withPlaces(command)
    .option(
      "--unit-file <file>",
      "a file of the unit, in systemd's order, instead of asking systemctl; may be repeated",
      repeated,
    )
    .option(
      "--without <setting>",
      "turn this setting of the unit off, as isoline cannot work under it; may be repeated",
      repeated,
    )
    .option("--program <path>", "the isoline that the unit starts; /usr/bin/isoline if it is there, else this one");
}

function withAgent(command: Command): Command {
  return command
    .option("--agent-socket <path>", "have the agent there supervise it; as /etc/isoline/agent.yaml says if left out")
    .option("--no-agent", "with a supervisor of its own, even where the agent is configured");
}

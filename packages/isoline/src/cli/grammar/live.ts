/** The commands for live namespaces. */
import type { Command } from "commander";
import type { AmendOptions } from "../commands/amend.ts";
import type { ApproveOptions } from "../commands/approve.ts";
import type { AttachOptions } from "../commands/attach.ts";
import type { EventsOptions } from "../commands/events.ts";
import type { PsOptions } from "../commands/ps.ts";
import type { SealOptions } from "../commands/seal.ts";
import type { TopOptions } from "../commands/top.ts";
import type { TrustOptions } from "../commands/trust.ts";
import type { UnpinOptions } from "../commands/unpin.ts";
import type { Invocation } from "../invocation.ts";
import { examples } from "./examples.ts";

const NAME = "its name in isoline ps, or a prefix that only it has";

export function declareLive(program: Command, invocation: Invocation): void {
  const { ends } = invocation;
  program.commandsGroup("Live namespaces:");

  program
    .command("ps")
    .summary("list live namespaces")
    .description("Lists the namespaces of this user that learn, check and run supervise now.")
    .option("-q, --quiet", "only names")
    .option("--json", "every namespace with all its fields")
    .addHelpText("after", examples("isoline ps", "isoline ps -q | xargs -n 1 isoline seal"))
    .action((options: PsOptions) => ends(import("../commands/ps.ts").then(({ ps }) => ps(options))));

  program
    .command("attach")
    .summary("take over a namespace that has lost its supervisor")
    .description("For root and the bpf sensor: supervises an orphaned namespace until it ends.")
    .argument("<namespace>", "its name in isoline ps, or its number in isoline ps --json")
    .option("--contour <file>", "use this contour instead of the one that the namespace began with")
    .option("-q, --quiet", "say nothing on stderr")
    .option("--json", "print a report to stdout when the namespace has ended")
    .option("--report <file>", "write the report to a file")
    .addHelpText("after", examples("isoline attach web", "isoline attach web --contour app.contour"))
    .action((name: string, options: AttachOptions) =>
      ends(import("../commands/attach.ts").then(({ attach }) => attach(invocation, name, options))),
    );

  program
    .command("unpin")
    .summary("take the bpf sensor's programs out of the kernel")
    .description("For root: removes what dead supervisors left pinned, of every build of isoline.")
    .option("--force", "even while namespaces have processes, which then run unmediated")
    .option("--json", "what was removed, for machines")
    .addHelpText("after", examples("isoline unpin"))
    .action((options: UnpinOptions) => ends(import("../commands/unpin.ts").then(({ unpin }) => unpin(options))));

  program
    .command("top")
    .summary("watch live namespaces")
    .description("Shows what ps shows, updated every second. q quits. Once, if stdout is not a terminal.")
    .option("--json", "once, for machines")
    .addHelpText("after", examples("isoline top"))
    .action((options: TopOptions) => ends(import("../commands/top.ts").then(({ top }) => top(options))));

  program
    .command("events")
    .summary("follow what a live namespace does")
    .description("Prints every decision as it is made, until the namespace ends.")
    .argument("<namespace>", NAME)
    .option("--new", "only what was not seen before")
    .option("--off", "only what is off contour")
    .option("--json", "one JSON object a line")
    .addHelpText("after", examples("isoline events web", "isoline events web --off --json | jq -r .why"))
    .action((name: string, options: EventsOptions) =>
      ends(import("../commands/events.ts").then(({ events }) => events(name, options))),
    );

  program
    .command("trust")
    .summary("show which processes are trusted, and why others are not")
    .description("Lists the processes of a live namespace with their trust, which can only be lost.")
    .argument("<namespace>", NAME)
    .argument("[pid]", "only this process")
    .option("--json", "for machines")
    .addHelpText("after", examples("isoline trust web", "isoline trust web 4242"))
    .action((name: string, pid: string | undefined, options: TrustOptions) =>
      ends(import("../commands/trust.ts").then(({ trust }) => trust(name, pid, options))),
    );

  program
    .command("approve")
    .summary("decide what a live namespace may do that is off its contour")
    .description(
      "Shows the acts that wait for an answer under isoline run --ask, and answers them. Not from inside the namespace.",
    )
    .argument("<namespace>", NAME)
    .argument("[key]", "the question to answer, by its key; all of them, one after the other, if left out")
    .argument(
      "[answer]",
      "once, always (into the contour), refuse, or distrust (refuse, and trust the process no longer)",
    )
    .option("--list", "only list what waits")
    .option("--json", "for machines: with --list an array; else one JSON object a line, and answers as lines on stdin")
    .addHelpText(
      "after",
      examples("isoline approve shell", "isoline approve shell --list", "isoline approve shell 9f3a01c4 once"),
    )
    .action((name: string, key: string | undefined, answer: string | undefined, options: ApproveOptions) =>
      ends(import("../commands/approve.ts").then(({ approve }) => approve(name, key, answer, options))),
    );

  program
    .command("amend")
    .summary("widen the contour of a live namespace")
    .description(
      "Has a namespace that isoline run supervises go on under a contour that permits more. Trust does not come back.",
    )
    .argument("<namespace>", NAME)
    .argument("<file>", "the contour: every point of the present one, and more")
    .option("--json", "what changed, for machines")
    .addHelpText("after", examples("isoline amend web web.contour"))
    .action((name: string, file: string, options: AmendOptions) =>
      ends(import("../commands/amend.ts").then(({ amend }) => amend(name, file, options))),
    );

  program
    .command("seal")
    .summary("end the learning of a live namespace, for good")
    .description(
      "Ends the learning of a live namespace: nothing is added to its contour any more, and what else it does is off contour.",
    )
    .argument("<namespace>", NAME)
    .option("--json", "its state, for machines")
    .addHelpText("after", examples("isoline seal web"))
    .action((name: string, options: SealOptions) =>
      ends(import("../commands/seal.ts").then(({ seal }) => seal(name, options))),
    );
}

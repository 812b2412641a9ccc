/** The commands for namespaces that processes begin for themselves, at the agent. */
import type { Command } from "commander";
import type { AskedOptions } from "../commands/namespace/asked.ts";
import type { BeginOptions } from "../commands/namespace/begin.ts";
import type { NamespaceShowOptions } from "../commands/namespace/show.ts";
import type { Invocation } from "../invocation.ts";
import { examples, OF_THE_COMMAND } from "./examples.ts";

const NAME = "its name in isoline namespace ls; the one that this process is in if left out";

export function declareNamespace(program: Command, invocation: Invocation): void {
  const { ends } = invocation;
  program.commandsGroup("The agent of a node (docs/agent.md):");

  const namespace = program
    .command("namespace")
    .summary("begin a namespace at the agent, without root")
    .description(
      "Begins a namespace that this machine's agent supervises, for what its configuration allows: docs/agent.md.",
    )
    .usage("COMMAND [options]")
    .enablePositionalOptions()
    .addHelpText(
      "after",
      examples(
        "isoline namespace begin --name web --policy ima.policy -- node server.js",
        "isoline namespace show web",
        "isoline namespace seal web",
      ),
    );

  atSocket(
    namespace
      .command("begin")
      .summary("start a command in a namespace of its own")
      .description(
        "Starts a command, with everything that it starts, in a namespace that the agent supervises. Ends as the command ends.",
      )
      .usage("[options] -- COMMAND [ARGUMENT…]")
      .argument("[command...]", "the command to run, after --")
      .option("--contour <file>", "hold it to this contour; it learns without one, and nothing is refused")
      .option("--enforce", "with --contour: refuse what is off contour")
      .option("--policy <file>", "an IMA policy, sealed from the start; isoline namespace policy sets one later")
      .option("--name <name>", "call it this; a random name if left out")
      .option("-q, --quiet", "say nothing on stderr")
      .option("--json", "print a report to stdout when the command has ended, after what the command printed there")
      .option("--report <file>", "write the report to a file, apart from what the command prints"),
  )
    .addHelpText(
      "after",
      `${examples(
        "isoline namespace begin --name build -- make",
        "exec isoline namespace begin --contour web.contour --enforce -- node server.js",
      )}\n\nExit status: ${OF_THE_COMMAND}.`,
    )
    .action((_command: string[], options: BeginOptions) =>
      ends(import("../commands/namespace/begin.ts").then(({ namespaceBegin }) => namespaceBegin(invocation, options))),
    );

  atSocket(
    namespace
      .command("policy")
      .summary("give one its IMA policy, once")
      .description("Sets the IMA policy of a namespace that has none. It is sealed then, and takes no other.")
      .argument("<file>", "the policy: docs/ima.md")
      .argument("[namespace]", NAME)
      .option("--json", "for machines"),
  )
    .addHelpText("after", examples("isoline namespace policy ima.policy web"))
    .action((file: string, name: string | undefined, options: AskedOptions) =>
      ends(
        import("../commands/namespace/policy.ts").then(({ namespacePolicy }) => namespacePolicy(file, name, options)),
      ),
    );

  atSocket(
    namespace
      .command("seal")
      .summary("let one learn nothing more, and take no policy")
      .description(
        "Ends the learning of a namespace: nothing is added to its contour any more, and it takes no policy. This cannot be undone.",
      )
      .argument("[namespace]", NAME)
      .option("--json", "its state, for machines"),
  )
    .addHelpText("after", examples("isoline namespace seal web"))
    .action((name: string | undefined, options: AskedOptions) =>
      ends(import("../commands/namespace/seal.ts").then(({ namespaceSeal }) => namespaceSeal(name, options))),
    );

  atSocket(
    namespace
      .command("show")
      .summary("show its contour, measurement, state and lists")
      .description("Shows a namespace of this user. From inside a namespace only that one can be shown.")
      .argument("[namespace]", NAME)
      .option("--contour", "print its contour as a file, as far as it has come")
      .option("--list", "print its measurement list, in the kernel's form, with digests of SHA-256")
      .option("--json", "for machines"),
  )
    .addHelpText("after", examples("isoline namespace show web", "isoline namespace show --contour web > web.contour"))
    .action((name: string | undefined, options: NamespaceShowOptions) =>
      ends(import("../commands/namespace/show.ts").then(({ namespaceShow }) => namespaceShow(name, options))),
    );

  atSocket(
    namespace
      .command("ls")
      .summary("list those of this user")
      .description("Lists the live namespaces that this user began at the agent; for root, those of all users.")
      .option("--json", "for machines"),
  )
    .addHelpText("after", examples("isoline namespace ls"))
    .action((options: AskedOptions) =>
      ends(import("../commands/namespace/ls.ts").then(({ namespaceLs }) => namespaceLs(options))),
    );
}

function atSocket(command: Command): Command {
  return command.option("--agent-socket <path>", "where the agent listens; /run/isoline-begin/socket if left out");
}

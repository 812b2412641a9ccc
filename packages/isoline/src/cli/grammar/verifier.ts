/** The command that starts a verifier of a fleet. */
import { type Command, Option } from "commander";
import type { VerifierOptions } from "../commands/verifier.ts";
import type { Invocation } from "../invocation.ts";
import { examples } from "./examples.ts";

export function declareVerifier(program: Command, { ends }: Invocation): void {
  program
    .commandsGroup("Fleets (docs/fleet.md):")
    .command("verifier")
    .summary("judge the evidence of a fleet's nodes until told to end")
    .description(
      "Starts a verifier: nodes enrol with it and send evidence, and people see which canisters are what they should be, and why " +
        "not. docs/verifier.md describes the configuration.",
    )
    .option("--config <file>", "the configuration, in YAML")
    .option("--grant <role>", "make the tables of its PostgreSQL, let a role use them as a verifier does, and end")
    .addOption(
      new Option("--log <form>", "lines on stderr, or one JSON object a line on stdout")
        .choices(["text", "json"])
        .default("text"),
    )
    .option("-q, --quiet", "nothing in the log but failures")
    .addHelpText(
      "after",
      examples(
        "isoline verifier --config /etc/isoline/verifier.yaml",
        "isoline verifier --config owner.yaml --grant verifier",
      ),
    )
    .action((options: VerifierOptions) =>
      ends(import("../commands/verifier.ts").then(({ verifier }) => verifier(options))),
    );
}

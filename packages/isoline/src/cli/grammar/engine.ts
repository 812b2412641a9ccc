/** The commands for engines behind a wire, and the options of the commands that use one. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { EngineServeOptions } from "../commands/engine/serve.ts";
import type { Invocation } from "../invocation.ts";
import { examples } from "./examples.ts";
import { repeated } from "./repeated.ts";

const ADDRESS = "unix:/PATH, vsock:CID:PORT or device:/PATH";

export function declareEngine(program: Command, { ends }: Invocation): void {
  program.commandsGroup("Engines elsewhere (docs/engine.md):");

  const engine = program
    .command("engine")
    .summary("host engines for sensors on other machines")
    .description("Hosts the engines of namespaces whose sensors are elsewhere: docs/engine.md.")
    .usage("COMMAND [options]")
    .enablePositionalOptions()
    .addHelpText("after", examples("isoline engine serve --help"));

  engine
    .command("serve")
    .summary("host engines until told to end")
    .description(
      "Listens for sensors that prove a key, and decides for the namespaces that they supervise. Each namespace has a thread and " +
        "memory of its own.",
    )
    .option("--listen <address>", `where: ${ADDRESS}; may be repeated`, repeated)
    .option("--key <file>", "the private key that this engine proves (Ed25519, PEM)")
    .option("--tpm <address>", "prove this machine by its TPM instead: the quote of a boot that was measured")
    .option("--sensor-key <file>", "a public key that a sensor may prove (Ed25519, PEM); may be repeated", repeated)
    .option("--namespaces <number>", "how many at once", natural(1, 10_000), 64)
    .option("--memory <megabytes>", "for the objects of one namespace", natural(64, 1_000_000), 1024)
    .option("-q, --quiet", "no log on stderr")
    .addHelpText(
      "after",
      examples(
        "isoline engine serve --listen unix:/run/isoline-engine.sock --key engine.pem --sensor-key sensor.pub",
        "isoline engine serve --listen vsock:any:4050 --tpm /dev/tpmrm0 --sensor-key sensor.pub",
      ),
    )
    .action((options: EngineServeOptions) =>
      ends(import("../commands/engine/serve.ts").then(({ engineServe }) => engineServe(options))),
    );
}

/** Options of commands that run a workload. */
export function withEngine(command: Command): void {
  command
    .optionsGroup("An engine elsewhere (docs/engine.md):")
    .option("--engine <address>", `decide by an engine at the other end of a wire: ${ADDRESS}`)
    .option("--engine-key <file>", "a public key that the engine must prove; may be repeated", repeated)
    .option(
      "--engine-trust <directory>",
      "a trust directory: the engine must prove a machine and a boot in it, by a TPM",
    )
    .option("--sensor-key <file>", "the private key that this machine proves to the engine")
    .addOption(
      new Option(
        "--engine-deadline <seconds>",
        "give the engine up if an act has no verdict after this time; 5 if left out",
      ).argParser(natural(1, 60)),
    );
}

function natural(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,7}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(
      `expected a number from ${least} to ${most}, got ${JSON.stringify(text.slice(0, 40))}.`,
    );
  };
}

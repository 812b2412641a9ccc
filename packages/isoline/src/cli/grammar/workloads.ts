/** The commands that run a workload. */
import { type PresetName, presetNames } from "@isoline/core/identity";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { CheckOptions } from "../commands/check.ts";
import type { LearnOptions } from "../commands/learn.ts";
import type { RunOptions } from "../commands/run.ts";
import type { Invocation } from "../invocation.ts";
import { sensorChoices } from "../../namespace/sensor-choice.ts";
import { withAgent } from "./agent.ts";
import { withEngine } from "./engine.ts";
import { examples, OF_THE_COMMAND } from "./examples.ts";
import { repeated } from "./repeated.ts";
import { runCount, share } from "./numbers.ts";

const SIGNATURE = "start only if the contour is signed by this public key; may be repeated, and one is enough";
const COMMAND = "the command to run, after --";
const USER =
  "start the command as this user, by name, number or UID:GID, as if that user had started isoline (needs root)";

export function declareWorkloads(program: Command, invocation: Invocation): void {
  const learn = program
    .command("learn")
    .summary("learn the contour of a command")
    .description("Runs a command and writes everything it does into a contour.")
    .usage("-o FILE [options] -- COMMAND [ARGUMENT…]")
    .argument("[command...]", COMMAND)
    .option("-o, --output <file>", "write the contour here; an older one is replaced when the command has ended")
    .option("--merge", "add to the existing contour, under its lens")
    .option(
      "--clean-start",
      "say that the state which the command finds was made anew for this run, so that its evidence counts for more",
    )
    .option(
      "--runs <number>",
      "learn the command so many times, and say after each run what share of further runs would depart",
      runCount,
    )
    .option(
      "--until <share>",
      "with --runs: stop as soon as at most this share of further runs is expected to depart (95 %), as 5%",
      share,
    )
    .option(
      "--clean <text>",
      "with --runs: a shell command that makes the state anew before each run, outside the namespace",
    )
    .option("--lens <name|file>", "what counts: default, exact, or a policy file (YAML or JSON)")
    .addOption(presetOption())
    .option(
      "--trajectory <file>",
      "also write events in the order they first happened, one JSON object a line, 1 GiB at most",
    )
    .addOption(sensorOption())
    .option("--user <user>", USER)
    .option("--name <name>", "call the live namespace this, for ps, top, events, trust and seal")
    .option("-q, --quiet", "no status line and no summary")
    .option("--json", "print a report to stdout when the command has ended, after what the command printed there")
    .option("--report <file>", "write the report to a file, apart from what the command prints")
    .addHelpText(
      "after",
      `${examples(
        "isoline learn -o app.contour -- npm test",
        "isoline learn -o app.contour --merge -- npm run e2e",
        "isoline learn -o app.contour --runs 60 --until 5% --clean 'git clean -fdxq' -- npm test",
        "isoline learn -o app.contour --lens exact -- ./build.sh",
        "isoline learn -o build.contour --preset cargo -- cargo test",
      )}\n\nExit status: ${OF_THE_COMMAND}.`,
    )
    .action((_command: string[], options: LearnOptions) =>
      invocation.ends(import("../commands/learn.ts").then(({ learn }) => learn(invocation, options))),
    );
  withTpm(learn);
  withIntegrity(learn);
  withEngine(learn);

  const check = program
    .command("check")
    .summary("run a command and report whether it stayed on its contour")
    .description(
      "Runs a command under a sealed contour: 0 on contour, 3 off contour, 4 incomplete, else its own status.",
    )
    .usage("FILE [options] -- COMMAND [ARGUMENT…]")
    .argument("<file>", "the contour")
    .argument("[command...]", COMMAND)
    .option("--enforce", "refuse what is off contour, instead of only reporting it")
    .option("--accept", "add what departed to the contour when the command has ended")
    .option("--reason <text>", "with --accept: why, for those who read it later")
    .option("--require-signature <key>", SIGNATURE, repeated)
    .option("--no-landlock", "with --enforce: do not use Landlock as well (see docs/guarantees/landlock.md)")
    .addOption(sensorOption())
    .option("--user <user>", USER)
    .addOption(holdOption())
    .option("--name <name>", "call the live namespace this, for ps, top, events, trust and seal")
    .option("-q, --quiet", "say nothing on stderr; the exit status and the report say it all")
    .option("--json", "print a report to stdout when the command has ended, after what the command printed there")
    .option("--report <file>", "write the report to a file, apart from what the command prints")
    .addHelpText(
      "after",
      `${examples(
        "isoline check app.contour -- npm test",
        "isoline check app.contour --quiet --report report.json -- npm test",
        "isoline check app.contour --enforce -- make",
        "isoline check app.contour --accept -- npm test",
      )}\n\nExit status: 3 off contour, 4 incomplete, else ${OF_THE_COMMAND}.`,
    )
    .action((file: string, _command: string[], options: CheckOptions) =>
      invocation.ends(import("../commands/check.ts").then(({ check }) => check(invocation, file, options))),
    );
  withTpm(check);
  withIntegrity(check);
  withEngine(check);

  const run = program
    .command("run")
    .summary("run a command under its contour, sealed or enforced")
    .description("Runs a command under a contour. Ends as the command ends, whatever was off contour.")
    .usage("FILE [options] -- COMMAND [ARGUMENT…]")
    .argument("<file>", "the contour")
    .argument("[command...]", COMMAND)
    .option("--enforce", "refuse what is off contour")
    .option("--ask", "hold what is off contour until a person decides, at the terminal or with isoline approve")
    .addOption(answerOption())
    .option("--require-signature <key>", SIGNATURE, repeated)
    .option("--no-landlock", "with --enforce: do not use Landlock as well (see docs/guarantees/landlock.md)")
    .addOption(sensorOption())
    .option("--user <user>", USER)
    .addOption(holdOption())
    .option("--name <name>", "call the live namespace this, for ps, top, events, trust and seal")
    .option("-q, --quiet", "say nothing on stderr")
    .option("--json", "print a report to stdout when the command has ended, after what the command printed there")
    .option("--report <file>", "write the report to a file, apart from what the command prints")
    .addHelpText(
      "after",
      `${examples(
        "isoline run app.contour -- node server.js",
        "isoline run app.contour --enforce --name web -- node server.js",
        "isoline run shell.contour --ask -- bash",
        "isoline run app.contour --enforce --tpm /dev/tpmrm0 -- node server.js",
      )}\n\nExit status: ${OF_THE_COMMAND}.`,
    )
    .action((file: string, _command: string[], options: RunOptions) =>
      invocation.ends(import("../commands/run.ts").then(({ run }) => run(invocation, file, options))),
    );
  withAgent(run);
  withTpm(run);
  withIntegrity(run);
  withEngine(run);
}

/** Options of a root of trust in hardware: docs/attestation.md. */
function withTpm(command: Command): void {
  command
    .optionsGroup("Hardware (docs/attestation.md):")
    .option(
      "--tpm <address>",
      "record the run in this TPM, before calls go ahead: unix:PATH, tcp:HOST:PORT or a device",
    )
    .option(
      "--tpm-ledger <directory>",
      "where the host keeps what it recorded; /var/lib/isoline/ledger for root if left out",
    )
    .addOption(
      new Option("--tpm-pcr <number>", "the PCR for births and ends of registers; 13 if left out").argParser(Number),
    );
}

/** Options of IMA for the namespace: docs/ima.md. */
function withIntegrity(command: Command): void {
  command
    .optionsGroup("Integrity (docs/ima.md):")
    .option("--ima-policy <name|file>", "measure, appraise and audit files by this IMA policy, or a built-in one")
    .option("--ima-key <file>", "a certificate or public key for signatures in security.ima; may be repeated", repeated)
    .addOption(
      new Option("--ima-appraise <mode>", "what to do with a file that is not good").choices(["enforce", "log", "fix"]),
    )
    .option("--ima-template <name>", "template of rules that name none; ima-sig if left out")
    .addOption(
      new Option("--ima-hash <name>", "algorithm of measurements; sha256 if left out").choices([
        "sha1",
        "sha256",
        "sha384",
        "sha512",
      ]),
    )
    .option("--ima-list <directory>", "write the measurement lists here, in the kernel's forms and under its names")
    .option("--ima-audit <file>", "add audit records to this file; as JSON if it ends in .json or .jsonl");
}

function sensorOption(): Option {
  return new Option("--sensor <sensor>", "where events come from (see docs/guarantees/README.md)")
    .choices(sensorChoices)
    .default("auto");
}

const LONGEST_ANSWER = 3600;

function answerOption(): Option {
  return new Option(
    "--answer-within <seconds>",
    "with --ask: refuse what has no answer after this time; 30 if left out",
  ).argParser((text: string) => {
    const seconds = Number(text);
    if (!/^\d+(\.\d+)?$/.test(text) || seconds <= 0 || seconds > LONGEST_ANSWER)
      throw new InvalidArgumentError(
        `expected seconds, more than 0 and at most ${LONGEST_ANSWER}, got ${JSON.stringify(text.slice(0, 40))}.`,
      );
    return seconds;
  });
}

/** Several may be given: a project in two languages is built by two toolchains. */
function presetOption(): Option {
  return new Option(
    "--preset <name>",
    `rules for a toolchain or service: ${presetNames.join(", ")}; may be repeated (see docs/how-to/toolchains.md)`,
  ).argParser((name: string, earlier: readonly PresetName[] | undefined) => {
    const preset = presetNames.find((each) => each === name);
    if (preset === undefined)
      throw new InvalidArgumentError(`expected ${presetNames.join(", ")}, got ${JSON.stringify(name.slice(0, 40))}.`);
    return [...new Set([...(earlier ?? []), preset])];
  });
}

/** At most a day. */
const LONGEST_HOLD = 86_400;

function holdOption(): Option {
  return new Option(
    "--hold <seconds>",
    "with --enforce and --sensor bpf: refuse an act that has no verdict after this time; 0 holds nothing once a program runs",
  ).argParser((text: string) => {
    const seconds = Number(text);
    if (!/^\d+(\.\d+)?$/.test(text) || seconds > LONGEST_HOLD)
      throw new InvalidArgumentError(
        `expected seconds, at most ${LONGEST_HOLD}, got ${JSON.stringify(text.slice(0, 40))}.`,
      );
    return seconds;
  });
}

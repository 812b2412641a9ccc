/** The commands for transparency logs. */
import { type Command, Option } from "commander";
import type { LogAddOptions } from "../commands/log/add.ts";
import type { LogCreateOptions } from "../commands/log/create.ts";
import type { LogMonitorOptions } from "../commands/log/monitor.ts";
import type { LogProveOptions } from "../commands/log/prove.ts";
import type { LogVerifyOptions } from "../commands/log/verify.ts";
import type { LogWitnessOptions } from "../commands/log/witness.ts";
import type { Invocation } from "../invocation.ts";
import { examples } from "./examples.ts";
import { minutes } from "./numbers.ts";
import { repeated } from "./repeated.ts";

const CREDENTIALS = "where the object store is, and who asks (docs/how-to/log.md); mode 600";
const PLACE = "the log: a directory, or s3://BUCKET/PREFIX";
const POLICY = "which logs and witnesses count (c2sp.org/tlog-policy)";

export function declareLog(program: Command, { ends }: Invocation): void {
  program.commandsGroup("Transparency (docs/how-to/log.md):");

  const log = program
    .command("log")
    .summary("publish so that nothing can be taken back unseen")
    .description("Keeps a transparency log of files, such as signatures of contours: docs/how-to/log.md.")
    .usage("COMMAND [options]")
    .enablePositionalOptions()
    .addHelpText("after", examples("isoline log create log --name example.com/contours --key log.pem"));

  log
    .command("create")
    .summary("begin a log in a directory or a bucket")
    .description(
      "Begins a log without entries, in a directory or at s3://BUCKET/PREFIX, and prints its line for a policy. Any web server can " +
        "serve it as it is.",
    )
    .argument("<place>", PLACE)
    .requiredOption("--name <name>", "what the log is called, as an address without a scheme")
    .requiredOption("--key <file>", "the private key that signs it (Ed25519, PEM)")
    .option("--credentials <file>", CREDENTIALS)
    .addHelpText("after", examples("isoline log create log --name example.com/contours --key log.pem"))
    .action((place: string, options: LogCreateOptions) =>
      ends(import("../commands/log/create.ts").then(({ logCreate }) => logCreate(place, options))),
    );

  log
    .command("add")
    .summary("append files, and have them witnessed")
    .description(
      "Appends each file as an entry, and prints its number. What is printed is durable. With a policy, the witnesses that have an " +
        "address in it are asked, and the log shows the entries once enough have signed. Without files, they are only asked.",
    )
    .argument("<place>", PLACE)
    .argument("[files...]", "what to append; at most 65 535 bytes each")
    .requiredOption("--key <file>", "the private key of the log")
    .option("--policy <file>", POLICY)
    .option("--credentials <file>", CREDENTIALS)
    .option("-o, --output <file>", "write the proof of the file")
    .addHelpText(
      "after",
      `${examples("isoline log add log app.contour.sig --key log.pem --policy policy -o app.tlog-proof")}\n\nExit status: 0 added and shown, 4 added, and too few witnesses signed.`,
    )
    .action((place: string, files: readonly string[], options: LogAddOptions) =>
      ends(import("../commands/log/add.ts").then(({ logAdd }) => logAdd(place, files, options))),
    );

  log
    .command("prove")
    .summary("the proof that a file is in a log")
    .description("Looks for the file in a log, and writes the proof. It is checked without a network.")
    .argument("<place>", PLACE)
    .argument("<file>", "the file that was added")
    .option("--credentials <file>", CREDENTIALS)
    .option("-o, --output <file>", "write the proof to a file")
    .addHelpText(
      "after",
      `${examples("isoline log prove log app.contour.sig -o app.tlog-proof")}\n\nExit status: 0 it is in the log, 1 it is not.`,
    )
    .action((place: string, file: string, options: LogProveOptions) =>
      ends(import("../commands/log/prove.ts").then(({ logProve }) => logProve(place, file, options))),
    );

  log
    .command("verify")
    .summary("check such a proof")
    .description(
      "Checks that a log of the policy has the file, and that enough witnesses have seen it. Needs no network.",
    )
    .argument("<file>", "the file that was added")
    .argument("<proof>", "its proof, as log add and log prove write it")
    .requiredOption("--policy <file>", POLICY)
    .option("--json", "for machines")
    .addHelpText(
      "after",
      `${examples("isoline log verify app.contour.sig app.tlog-proof --policy policy")}\n\nExit status: 0 it holds, 3 it does not.`,
    )
    .action((file: string, proof: string, options: LogVerifyOptions) =>
      ends(import("../commands/log/verify.ts").then(({ logVerify }) => logVerify(file, proof, options))),
    );

  log
    .command("monitor")
    .summary("keep a copy, and find out whether anything is taken back or should not be there")
    .description(
      "Takes the new entries of a log in a directory, in a bucket or behind HTTP, and checks that they and the earlier ones are exactly what the " +
        "log has signed for, and that the witnesses of the policy were shown the same log. Then it looks at what a fleet stated: contours " +
        "that were widened without review, an image with two " +
        "contours, a register born twice, ledgers that went back or forked, verdicts under a policy that is not logged, missing hourly " +
        "roots. Call it again and again with one state.",
    )
    .argument("<log>", "a directory, s3://BUCKET/PREFIX, or an address over HTTP")
    .requiredOption("--policy <file>", POLICY)
    .requiredOption("--state <dir>", "where the copy is")
    .option("--credentials <file>", CREDENTIALS)
    .option("--reviewer <file>", "the public key of a reviewer of contours (PEM); may be repeated", repeated)
    .option("--contours <dir>", "contours and their signatures, to see what was widened and who signed")
    .option("--all", "say also the findings that were said before")
    .addOption(
      new Option("--minutes <n>", "for how long it takes new entries; the next call goes on")
        .argParser(minutes)
        .default(15),
    )
    .option("--json", "for machines")
    .addHelpText(
      "after",
      `${examples(
        "isoline log monitor https://example.com/contours --policy policy --state copy",
        "isoline log monitor fleet-log --policy policy --state copy --reviewer reviewer.pub --contours contours",
      )}\n\nExit status: 0 it goes on from the copy, and nothing was found, 3 it shows another history than before or to a witness, or something was found, 4 there are entries that it has not taken yet.`,
    )
    .action((place: string, options: LogMonitorOptions) =>
      ends(import("../commands/log/monitor.ts").then(({ logMonitor }) => logMonitor(place, options))),
    );

  log
    .command("witness")
    .summary("sign for logs that take nothing back")
    .description(
      "Serves a witness (c2sp.org/tlog-witness) until it is told to end. What it signed is in the directory: it does not start on one that " +
        "is missing or empty, except with --first, nor on that of another witness.",
    )
    .argument("<dir>", "where it keeps what it signed")
    .requiredOption("--listen <address>", "HOST:PORT; port 0 takes any")
    .requiredOption("--name <name>", "what the witness is called")
    .requiredOption("--key <file>", "the private key that it signs with (Ed25519 or ML-DSA-44, PEM)")
    .option("--log <key>", "the verifier key of a log that it signs for; may be repeated", repeated)
    .option("--first", "the first start of this key: it has signed nothing, and has no memory yet")
    .addHelpText(
      "after",
      examples(
        "isoline log witness seen --first --listen 127.0.0.1:8081 --name w.example --key w.pem --log example.com/contours+…",
      ),
    )
    .action((directory: string, options: LogWitnessOptions) =>
      ends(import("../commands/log/witness.ts").then(({ logWitness }) => logWitness(directory, options))),
    );
}

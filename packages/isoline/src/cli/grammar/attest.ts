/** The commands for proving to another machine what this one does, and for verifying such proofs. */
import type { Command } from "commander";
import type { AttestDoctorOptions } from "../commands/attest/doctor.ts";
import type { EvidenceOptions } from "../commands/attest/evidence.ts";
import type { EnrolOptions } from "../commands/attest/enrol.ts";
import type { Invocation } from "../invocation.ts";
import { examples } from "./examples.ts";

const TPM = "unix:PATH or tcp:HOST:PORT of swtpm, or a device; this machine's /dev/tpmrm0 otherwise";

export function declareAttest(program: Command, { ends }: Invocation): void {
  program.commandsGroup("Attestation:");

  const attest = program
    .command("attest")
    .summary("prove to another machine what this one does")
    .description("Makes evidence of what live namespaces do, and verifies it: docs/attestation.md.")
    .usage("COMMAND [options]")
    .enablePositionalOptions()
    .addHelpText("after", examples("isoline attest doctor", "isoline attest enrol --trust trust --name here"));

  attest
    .command("doctor")
    .summary("show the roots of trust of this machine, and what each is worth")
    .description("Looks for a TPM, logs of measured boot and of IMA, and a confidential machine.")
    .option("--tpm <address>", TPM)
    .option("--count", "count how many registers of canisters fit into the TPM, by making and deleting them")
    .option("--json", "for machines")
    .addHelpText(
      "after",
      `${examples("isoline attest doctor", "isoline attest doctor --tpm unix:/run/swtpm/sock --count")}\n\nExit status: 0 there is a root, 1 there is none.`,
    )
    .action((options: AttestDoctorOptions) =>
      ends(import("../commands/attest/doctor.ts").then(({ attestDoctor }) => attestDoctor(options))),
    );

  attest
    .command("enrol")
    .summary("let a verifier know the key of a node, and that it is in a genuine TPM")
    .description(
      "In four steps, with a file from one to the next: the node's request, --challenge, --answer, --accept. All at once where one " +
        "machine has both the TPM (--tpm) and what the verifier trusts (--trust).",
    )
    .option("--tpm <address>", TPM)
    .option("--challenge <request>", "the verifier: check the makers of a node's TPM, and make a challenge for it")
    .option("--answer <challenge>", "the node: open a challenge in its TPM, and make the answer")
    .option("--accept <answer>", "the verifier: enrol the node if the answer is right")
    .option("--trust <dir>", "the verifier: what it trusts; the roots of TPM makers are in DIR/makers")
    .option("--name <name>", "the verifier: what to call the node")
    .option("-o, --output <file>", "write the request, the challenge or the answer to a file")
    .option("--json", "the enrolled node, for machines")
    .addHelpText(
      "after",
      examples(
        "isoline attest enrol -o node.json                                        # the node",
        "isoline attest enrol --challenge node.json --trust trust -o challenge.json",
        "isoline attest enrol --answer challenge.json -o answer.json              # the node",
        "isoline attest enrol --accept answer.json --trust trust --name web-1",
      ),
    )
    .action((options: EnrolOptions) => ends(import("../commands/attest/enrol.ts").then(({ enrol }) => enrol(options))));

  attest
    .command("challenge")
    .summary("make a challenge for evidence to answer")
    .description("Prints 32 random bytes in hexadecimal. The verifier makes one for each evidence that it asks for.")
    .addHelpText("after", examples("challenge=$(isoline attest challenge)"))
    .action(() => ends(import("../commands/attest/challenge.ts").then(({ challenge }) => challenge())));

  attest
    .command("evidence")
    .summary("state what live namespaces do, signed by the TPM")
    .description(
      "Asks the supervisor of each live namespace of this user, and has the TPM sign one statement about all of them and this " +
        "machine. Without a TPM the evidence has no root, and proves nothing to a stranger.",
    )
    .argument("[namespace...]", "hold only these in the evidence; it is about all of them in any case")
    .requiredOption("--challenge <hex>", "the verifier's challenge: 64 hexadecimal digits")
    .option("--tpm <address>", TPM)
    .option("--no-tpm", "use no TPM, also where this machine has one")
    .requiredOption("-o, --output <file>", "where to write the evidence")
    .addHelpText(
      "after",
      examples(
        "isoline attest evidence --challenge $challenge -o evidence.cbor",
        "isoline attest evidence --challenge $challenge --tpm unix:/run/swtpm/sock -o evidence.cbor web",
      ),
    )
    .action((names: readonly string[], options: EvidenceOptions) =>
      ends(import("../commands/attest/evidence.ts").then(({ evidence }) => evidence(names, options))),
    );
}

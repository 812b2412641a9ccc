/** The commands for proving to another machine what this one does, and for verifying such proofs. */
import type { Command } from "commander";
import type { AttestDoctorOptions } from "../commands/attest/doctor.ts";
import type { EvidenceOptions } from "../commands/attest/evidence.ts";
import type { AttestReferenceOptions } from "../commands/attest/reference.ts";
import type { AttestSignOptions } from "../commands/attest/sign.ts";
import type { AttestVerifyOptions } from "../commands/attest/verify.ts";
import type { EnrolOptions } from "../commands/attest/enrol.ts";
import type { Invocation } from "../invocation.ts";
import { bootPhases, registerNumbers } from "./boots.ts";
import { examples } from "./examples.ts";
import { repeated } from "./repeated.ts";

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
      "Enrols a node in four steps, with a file from one to the next: the node's request, --challenge, --answer, --accept. All at once " +
        "where one machine has both the TPM (--tpm) and what the verifier trusts (--trust).",
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
        "machine. Runs in the TPM that lost their supervisor are closed in the ledger before. Without a TPM and --tee the evidence has no " +
        "root, and proves nothing to a stranger.",
    )
    .argument("[namespace...]", "hold only these in the evidence; it is about all of them in any case")
    .requiredOption("--challenge <hex>", "the verifier's challenge: 64 hexadecimal digits")
    .option("--tpm <address>", TPM)
    .option("--no-tpm", "use no TPM, also where this machine has one")
    .option(
      "--tpm-ledger <directory>",
      "where the host keeps what it recorded; /var/lib/isoline/ledger for root if left out",
    )
    .option("--tee", "with a report of the confidential machine (SEV-SNP, TDX) that this is")
    .option("--tee-key <file>", "with --tee and no TPM: the engine's public key in PEM, by which this node is known")
    .requiredOption("-o, --output <file>", "where to write the evidence")
    .addHelpText(
      "after",
      examples(
        "isoline attest evidence --challenge $challenge -o evidence.cbor",
        "isoline attest evidence --challenge $challenge --tpm unix:/run/swtpm/sock -o evidence.cbor web",
        "isoline attest evidence --challenge $challenge --no-tpm --tee --tee-key engine.pub -o evidence.cbor",
      ),
    )
    .action((names: readonly string[], options: EvidenceOptions) =>
      ends(import("../commands/attest/evidence.ts").then(({ evidence }) => evidence(names, options))),
    );

  attest
    .command("verify")
    .summary("appraise evidence")
    .description(
      "Checks evidence against a challenge, what this verifier trusts and its policy, from the hardware up to each canister. " +
        "Offline. What was accepted is kept in the trust directory, so that nothing older is accepted afterwards.",
    )
    .argument("<evidence>", "a file that isoline attest evidence wrote")
    .requiredOption("--challenge <hex>", "the challenge that the evidence must answer")
    .requiredOption("--trust <dir>", "what this verifier trusts: docs/attestation.md")
    .requiredOption("--policy <file>", "what it accepts; signed, where DIR/policy-signers has a key")
    .option("--node <name>", "the node that was asked; any enrolled one otherwise")
    .option(
      "--about <label>",
      "a canister that it must be about; may be repeated; all of the node's otherwise",
      repeated,
    )
    .option("-o, --output <file>", "write the result as a signed EAR, a JWT that others can check")
    .option("--key <file>", "the private key that signs the result, in PEM")
    .option("--json", "every check, for machines")
    .addHelpText(
      "after",
      `${examples(
        "isoline attest verify evidence.cbor --challenge $challenge --trust trust --policy policy.json",
        "isoline attest verify evidence.cbor --challenge $challenge --trust trust --policy policy.json --key verifier.pem -o result.jwt",
      )}\n\nExit status: 0 affirming, 3 contraindicated, 4 incomplete, stale or unverifiable.`,
    )
    .action((file: string, options: AttestVerifyOptions) =>
      ends(import("../commands/attest/verify.ts").then(({ verifyAttestation }) => verifyAttestation(file, options))),
    );

  attest
    .command("show")
    .summary("show evidence, link by link, from the hardware to each canister")
    .description("Prints what evidence says in readable form. It judges nothing: isoline attest verify does.")
    .argument("<evidence>", "a file that isoline attest evidence wrote")
    .addHelpText("after", examples("isoline attest show evidence.cbor"))
    .action((file: string) =>
      ends(import("../commands/attest/show.ts").then(({ showEvidence }) => showEvidence(file))),
    );

  attest
    .command("reference")
    .summary("write down a good boot as reference values")
    .description(
      "Writes reference values with one boot, which policies name in boots: registers of a machine that is known to be good, or the " +
        "events that led to them, PCR 11 as a unified kernel image will leave it, or both. Quote, statement, registers and the log of measured boot in evidence must fit each " +
        "other; who signed is not proven here: isoline attest verify does that.",
    )
    .requiredOption("--name <name>", "what policies call this boot")
    .option("--evidence <file>", "what isoline attest evidence wrote on a machine that is known to be good")
    .option(
      "--registers <numbers>",
      "the registers whose values are written; without --events, 0,1,2,3,4,5,6,7 if left out",
      registerNumbers,
    )
    .option(
      "--events [numbers]",
      "the registers whose events are written, for any order of them; without numbers, those of 0 to 7 that --registers does not name",
      registerNumbers,
    )
    .option(
      "--uki <file>",
      "an image with the stub of systemd: PCR 11 as it leaves that to the kernel, before any boot phase",
    )
    .option(
      "--phases <words>",
      "boot phases that systemd-pcrphase measures afterwards, before evidence is made",
      bootPhases,
    )
    .option("-o, --output <file>", "write them to a file; otherwise they are printed")
    .addHelpText(
      "after",
      examples(
        "isoline attest reference --name rack-a --evidence evidence.cbor -o rack-a.json",
        "isoline attest reference --name rack-a --evidence evidence.cbor --registers 0,2 --events 1,4,5,7 -o rack-a.json",
        "isoline attest reference --name web-7 --uki web-7.efi --phases enter-initrd:leave-initrd:sysinit:ready",
        "isoline attest reference --name web-7 --evidence evidence.cbor --registers 0,2,7 --uki web-7.efi -o web-7.json",
      ),
    )
    .action((options: AttestReferenceOptions) =>
      ends(import("../commands/attest/reference.ts").then(({ attestReference }) => attestReference(options))),
    );

  attest
    .command("sign")
    .summary("sign a policy, or reference values")
    .description(
      "Puts a policy or reference values into an envelope with a signature, after reading them as a verifier does.",
    )
    .argument("<file>", "a policy, or reference values: docs/attestation.md")
    .requiredOption("--key <file>", "the private key, in PEM")
    .requiredOption("-o, --output <file>", "where to write the envelope")
    .addHelpText("after", examples("isoline attest sign policy.json --key owner.pem -o policy.signed.json"))
    .action((file: string, options: AttestSignOptions) =>
      ends(import("../commands/attest/sign.ts").then(({ signPolicy }) => signPolicy(file, options))),
    );
}

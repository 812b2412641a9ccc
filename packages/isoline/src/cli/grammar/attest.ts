/** The commands for proving to another machine what this one does, and for verifying such proofs. */
import type { Command } from "commander";
import type { AttestDoctorOptions } from "../commands/attest/doctor.ts";
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
    .addHelpText("after", examples("isoline attest doctor"));

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
}

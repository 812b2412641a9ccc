/** The commands for IMA's measurement lists and policies. */
import { type Command, Option } from "commander";
import type { ImaDiffOptions } from "../commands/ima/diff.ts";
import type { ImaPolicyOptions } from "../commands/ima/policy.ts";
import type { ImaReplayOptions } from "../commands/ima/replay.ts";
import type { ImaShowOptions } from "../commands/ima/show.ts";
import type { ImaVerifyOptions } from "../commands/ima/verify.ts";
import type { Invocation } from "../invocation.ts";
import { examples } from "./examples.ts";

const LIST = "a list, binary or ascii: a kernel's, or a namespace's (--ima-list)";
const KERNEL_LIST = "/sys/kernel/security/ima/binary_runtime_measurements";
const BANKS = ["sha1", "sha256", "sha384", "sha512"];
const repeated = (value: string, earlier: readonly string[] = []) => [...earlier, value];
const bank = (what: string) => new Option("--bank <name>", what).choices(BANKS);

export function declareIma(program: Command, { ends }: Invocation): void {
  program.commandsGroup("Integrity:");

  const ima = program
    .command("ima")
    .summary("read IMA measurement lists and policies")
    .description("Reads, verifies, replays and compares IMA measurement lists, and checks IMA policies: docs/ima.md.")
    .usage("COMMAND [options]")
    .enablePositionalOptions()
    .addHelpText("after", examples(`isoline ima verify ${KERNEL_LIST}`, "isoline ima diff before.list after.list"));

  ima
    .command("show")
    .summary("show what was measured")
    .description("Shows the entries of a measurement list in readable form.")
    .argument("<list>", LIST)
    .addOption(bank("of the list's digests, if it cannot be detected"))
    .option("-a, --all", "digests in full")
    .option("--json", "every entry with its fields")
    .addHelpText(
      "after",
      examples(`isoline ima show ${KERNEL_LIST}`, "isoline ima show --json app.list | jq '.entries[].name'"),
    )
    .action((list: string, options: ImaShowOptions) =>
      ends(import("../commands/ima/show.ts").then(({ show }) => show(list, options))),
    );

  ima
    .command("verify")
    .summary("check a list against itself, registers and keys")
    .description(
      "Computes every template digest again over the raw bytes, replays the registers, and compares them with those that are " +
        "given. The list may be longer than what the registers hold: a quote is older than the list.",
    )
    .argument("<list>", LIST)
    .addOption(bank("of the list's digests, if it cannot be detected"))
    .option("--pcrs <file>", "register values, as tpm2_pcrread, tpm2_quote or evmctl print them")
    .option("--pcr <value>", "one register value, as sha256:10=HEX; may be repeated", repeated)
    .option("--key <file>", "check signatures with this certificate or public key; may be repeated", repeated)
    .option("--json", "for machines")
    .addHelpText(
      "after",
      `${examples("isoline ima verify app.list", "isoline ima verify --pcrs quote.yaml --key ima.der app.list")}\n\nExit status: 0 verified, 1 not.`,
    )
    .action((list: string, options: ImaVerifyOptions) =>
      ends(import("../commands/ima/verify.ts").then(({ verify }) => verify(list, options))),
    );

  ima
    .command("replay")
    .summary("compute the registers that a list was extended into")
    .description("Extends every entry of a list, and prints the registers of each bank.")
    .argument("<list>", LIST)
    .addOption(bank("only this bank; sha1 and sha256 otherwise"))
    .option("--padded", "as kernels before 5.8 did: the SHA-1 digest and zeros in every bank")
    .option("--json", "for machines")
    .addHelpText("after", examples("isoline ima replay app.list", "isoline ima replay --bank sha384 app.list"))
    .action((list: string, options: ImaReplayOptions) =>
      ends(import("../commands/ima/replay.ts").then(({ replayList }) => replayList(list, options))),
    );

  ima
    .command("diff")
    .summary("show what one list measured and another did not")
    .description("Compares two lists by name and digest (- A, + B), whatever their order and templates.")
    .argument("<a>", LIST)
    .argument("<b>", "another one")
    .option("--strip <prefix>", "remove this prefix from names in both lists, such as the root of a container")
    .option("-q, --quiet", "no output; only the exit status")
    .option("--json", "the differences for machines")
    .addHelpText(
      "after",
      `${examples("isoline ima diff kernel.list app.list", "isoline ima diff --strip /host kernel.list app.list")}\n\nExit status: 0 same, 1 different, 2 trouble.`,
    )
    .action((a: string, b: string, options: ImaDiffOptions) =>
      ends(import("../commands/ima/diff.ts").then(({ diff }) => diff(a, b, options))),
    );

  ima
    .command("policy")
    .summary("check an IMA policy, or print one that is built in")
    .description(
      "Reads a policy as a namespace would, and prints its rules; an error is reported with line and column.",
    )
    .argument("<policy>", "a file, or tcb, appraise_tcb, secure_boot, critical_data with | between them")
    .option("--json", "the rules for machines")
    .addHelpText("after", examples("isoline ima policy app.ima", "isoline ima policy 'tcb|appraise_tcb'"))
    .action((policy: string, options: ImaPolicyOptions) =>
      ends(import("../commands/ima/policy.ts").then(({ policyPage }) => policyPage(policy, options))),
    );
}

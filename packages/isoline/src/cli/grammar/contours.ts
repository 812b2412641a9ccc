/** The commands for contour files. */
import { type Command, Option } from "commander";
import type { ConfidenceOptions } from "../commands/confidence.ts";
import type { DiffOptions } from "../commands/diff.ts";
import type { ExplainOptions } from "../commands/explain.ts";
import type { ExportOptions } from "../commands/export.ts";
import type { ImportOptions } from "../commands/import.ts";
import { exportFormats } from "../../export/format.ts";
import { importFormats } from "../../prior/formats.ts";
import type { GeneraliseOptions } from "../commands/generalise.ts";
import type { GitSetupOptions } from "../commands/git-setup.ts";
import type { MergeOptions } from "../commands/merge.ts";
import type { QueryOptions } from "../commands/query.ts";
import type { ReplayOptions } from "../commands/replay.ts";
import type { ShowOptions } from "../commands/show.ts";
import type { SignOptions } from "../commands/sign.ts";
import type { SuggestOptions } from "../commands/suggest.ts";
import type { VerifyOptions } from "../commands/verify.ts";
import type { Invocation } from "../invocation.ts";
import { examples } from "./examples.ts";
import { repeated } from "./repeated.ts";

export function declareContours(program: Command, { ends, entry }: Invocation): void {
  program.commandsGroup("Contours:");

  program
    .command("show")
    .summary("show what a contour permits, by program")
    .description(
      "Shows by program what a contour permits. Of many files in one directory only the number is shown; --all names them.",
    )
    .argument("<file>", "the contour")
    .option("-a, --all", "every path and every line")
    .option("--json", "every point with its event")
    .option("--html <file>", "write a page for a browser instead, which needs no network")
    .addHelpText(
      "after",
      examples(
        "isoline show app.contour",
        "isoline show --all app.contour | less",
        "isoline show app.contour --html app.html",
      ),
    )
    .action((file: string, options: ShowOptions) =>
      ends(import("../commands/show.ts").then(({ show }) => show(file, options, entry))),
    );

  program
    .command("diff")
    .summary("show what one contour permits and another does not")
    .description("Compares two contours: changed and renamed files first, then what only one of them does (- A, + B).")
    .argument("<a>", "a contour")
    .argument("<b>", "another one, under the same lens")
    .option("-q, --quiet", "no output; only the exit status")
    .option("--json", "the differences for machines")
    .option("--html <file>", "write a page for a browser instead, which needs no network")
    .addHelpText(
      "after",
      `${examples("isoline diff main.contour branch.contour")}\n\nExit status: 0 same, 1 different, 2 trouble.`,
    )
    .action((a: string, b: string, options: DiffOptions) =>
      ends(import("../commands/diff.ts").then(({ diff }) => diff(a, b, options))),
    );

  program
    .command("confidence")
    .summary("say what share of further runs is expected to depart, and why")
    .description(
      "Says what the runs that a contour was learnt from tell about further ones: which share of them is expected to depart, at most " +
        "how many (95 %), how many more runs a target takes, and which programs and causes it is. It needs FILE.evidence.",
    )
    .argument("<file>", "the contour")
    .option("--json", "for machines")
    .addHelpText(
      "after",
      examples("isoline confidence app.contour", "isoline confidence --json app.contour | jq .estimate.bound"),
    )
    .action((file: string, options: ConfidenceOptions) =>
      ends(import("../commands/confidence.ts").then(({ confidence }) => confidence(file, options))),
    );

  program
    .command("merge")
    .summary("merge several contours into one")
    .description(
      "Writes a contour that permits what any of the given ones permits. They must be under the same lens. A file in which git " +
        "left a conflict counts as two: one for each branch. Evidence beside the contours is merged too.",
    )
    .usage("[options] A B… -o FILE")
    .argument("<files...>", "contours")
    .option("-o, --output <file>", "write the merged contour here")
    .option("--driver", "as git's merge driver, on %O %A %B %P: what either branch added, without what either took out")
    .option("-q, --quiet", "no summary")
    .addHelpText(
      "after",
      examples(
        "isoline merge unit.contour e2e.contour -o app.contour",
        "isoline merge app.contour -o app.contour    # after a conflict",
      ),
    )
    .action((files: string[], options: MergeOptions) =>
      ends(import("../commands/merge.ts").then(({ merge }) => merge(files, options))),
    );

  program
    .command("suggest")
    .summary("propose rules by which a contour holds for more runs")
    .description(
      "Proposes rules for names that differ from run to run, mildest first: the evidence for each, what it would accept that was " +
        "not learnt, and how many runs would still depart. Nothing is changed.",
    )
    .argument("<file>", "the contour, with its evidence beside it")
    .option("--target <share>", "the share of runs that may depart: 5% if left out")
    .option("--json", "for machines")
    .addHelpText("after", examples("isoline suggest app.contour", "isoline suggest app.contour --target 10% --json"))
    .action((file: string, options: SuggestOptions) =>
      ends(import("../commands/suggest.ts").then(({ suggest }) => suggest(file, options))),
    );

  program
    .command("generalise")
    .summary("apply rules by which a contour holds for more runs")
    .description(
      "Applies the mildest rules that meet the target, or those that are named. Each stands in the policy of the contour as a line; " +
        "delete the line, and what the rule replaced comes back from the evidence with the next `generalise`.",
    )
    .argument("<file>", "the contour, with its evidence beside it")
    .option("--target <share>", "the share of runs that may depart: 5% if left out")
    .option("--rule <rule>", "only this rule: its number in isoline suggest, or JSON; may be repeated", repeated)
    .option("--restore", "no new rule: only put back what rules had replaced that were deleted from the policy")
    .option("-o, --output <file>", "write the contour here, and its evidence beside it, instead of in place")
    .option("-q, --quiet", "no summary")
    .addHelpText(
      "after",
      examples(
        "isoline generalise app.contour --target 5%",
        "isoline generalise app.contour --rule 1 --rule 3 -o wide.contour",
      ),
    )
    .action((file: string, options: GeneraliseOptions) =>
      ends(import("../commands/generalise.ts").then(({ generalise }) => generalise(file, options))),
    );

  program
    .command("query")
    .summary("ask a contour which programs may do something")
    .description(
      "Lists by program what a contour permits of what the words describe: how the program comes to run, and its acts, the " +
        "gravest first. Words without = are operations (open, connect), sets of them (read, write, delete, change, execute, " +
        "network, process) or consequences (credentials, persistence). FIELD=PATTERN holds for any field of an act, and for " +
        "program, under (a program that led to it), user, host and port. * and ? stand for characters, ** for directories, " +
        "1..1023 for a range, 10.0.0.0/8 for a network; a path that ends in / is the directory with everything below it. " +
        "Addresses may be outside, loopback or private. Words of one field are alternatives; != excludes.",
    )
    .usage("[options] FILE WORD…")
    .argument("<file>", "the contour")
    .argument("<words...>", "operations, and fields with patterns")
    .option("-a, --all", "every program and every act")
    .option("-q, --quiet", "no output; only the exit status")
    .option("--json", "the answer for machines")
    .addHelpText(
      "after",
      `${examples(
        "isoline query app.contour write 'path=$HOME/.ssh/'",
        "isoline query app.contour connect address=outside port!=443",
        "isoline query app.contour exec 'path=$TMP/**'",
        "isoline query app.contour credentials program!=git",
      )}\n\nExit status: 0 something, 1 nothing, 2 trouble.`,
    )
    .action((file: string, words: string[], options: QueryOptions) =>
      ends(import("../commands/query.ts").then(({ query }) => query(file, words, options))),
    );

  program
    .command("git-setup")
    .summary("have git merge and compare contours by isoline")
    .description(
      "Writes into the repository's .gitattributes and configuration that git merges contours and their evidence act by act, and " +
        "shows their differences as sentences. Says what it changed; run again, it changes nothing.",
    )
    .option("-q, --quiet", "say nothing")
    .addHelpText("after", examples("isoline git-setup && git diff main -- app.contour"))
    .action((options: GitSetupOptions) =>
      ends(import("../commands/git-setup.ts").then(({ gitSetup }) => gitSetup(options))),
    );

  program
    .command("textconv")
    .summary("print a contour or its evidence as sentences, for git diff")
    .description(
      "Prints one line for each rule and act of a contour, or for each run of its evidence, as git compares them.",
    )
    .argument("<file>", "the contour, or its evidence")
    .addHelpText("after", examples("isoline textconv app.contour", "isoline textconv app.contour.evidence"))
    .action((file: string) => ends(import("../commands/textconv.ts").then(({ textconv }) => textconv(file))));

  program
    .command("explain")
    .summary("explain why an event is on or off a contour")
    .description(
      "Explains a point (its first digits are enough), an event in its JSON form, or an act as contour files and reports show it. " +
        "An act may leave fields out, and hold patterns as in isoline query. Paths are written as the contour has them " +
        "($HOME, $CWD, $TMP).",
    )
    .usage("[options] FILE POINT | FILE EVENT")
    .argument("<file>", "the contour")
    .argument("<what...>", "a point, or an event")
    .option("--as <program>", "the program that acts: a name, a path, or a task of the contour (node~3fa9c1d2)")
    .option("--json", "the explanation for machines")
    .addHelpText(
      "after",
      `${examples(
        "isoline explain app.contour 3fa9c1d2",
        "isoline explain app.contour 'open access=read path=$HOME/.ssh/id_ed25519' --as node",
        "isoline explain app.contour 'connect address=203.0.113.7:443'",
      )}\n\nExit status: 0 on contour, 1 off contour, 2 trouble.`,
    )
    .action((file: string, what: string[], options: ExplainOptions) =>
      ends(import("../commands/explain.ts").then(({ explain }) => explain(file, what, options))),
    );

  program
    .command("export")
    .summary("write a contour as the policy of another system")
    .description(
      "Writes what a contour permits as a seccomp profile, an AppArmor profile, a drop-in for a systemd service, a script with " +
        "Landlock rules, or a policy for KubeArmor or Kubescape, and says what that form cannot hold.",
    )
    .argument("<file>", "the contour")
    .addOption(new Option("--to <format>", "the form").choices(exportFormats).makeOptionMandatory())
    .option("-o, --output <file>", "write the policy here instead of to standard output")
    .option("--name <name>", "name of the profile or resource (default: that of the file)")
    .option("--cwd <dir>", "what $CWD stands for where the policy is used (default: this directory)")
    .option("--home <dir>", "what $HOME stands for there")
    .option("--tmp <dir>", "a directory that $TMP stands for there; may be repeated", repeated)
    .option("--json", "policy and gaps for machines")
    .option("-q, --quiet", "do not say what the form cannot hold")
    .addHelpText(
      "after",
      examples(
        "isoline export app.contour --to seccomp -o app.seccomp.json",
        "isoline export app.contour --to systemd --cwd /srv/app -o 50-isoline.conf",
      ),
    )
    .action((file: string, options: ExportOptions) =>
      ends(import("../commands/export.ts").then(({ exportTo }) => exportTo(file, options, entry))),
    );

  program
    .command("import")
    .summary("a profile of another system as a prior, which learning confirms or removes")
    .description(
      "Reads an AppArmor profile or an ApplicationProfile of Kubescape, and says which of its rules the contour confirms, which " +
        "nothing on the contour needs (-), and what no rule permits (+). The rules are kept beside the contour, in FILE.prior: " +
        "isoline learn confirms or removes them, and isoline show lists them. They permit nothing.",
    )
    .argument("<profile>", "the profile")
    .argument("<file>", "the contour; it need not be learnt yet")
    .addOption(new Option("--from <format>", "the form of the profile").choices(importFormats).makeOptionMandatory())
    .option("--dry-run", "only compare, and write nothing")
    .option("--json", "for machines")
    .addHelpText("after", examples("isoline import /etc/apparmor.d/usr.sbin.app app.contour --from apparmor"))
    .action((profile: string, file: string, options: ImportOptions) =>
      ends(import("../commands/import.ts").then(({ importFrom }) => importFrom(profile, file, options, entry))),
    );

  program
    .command("replay")
    .summary("run recorded events through the engine")
    .description(
      "Reads events that `isoline learn --trajectory` recorded, or TSEM events with --profile, and says which are off " +
        "the contour FILE. Without FILE it computes their points. - reads from standard input.",
    )
    .usage("[options] [FILE] TRAJECTORY")
    .argument("<files...>", "a contour (with --profile also a TSEM model), if any, and the recording")
    .addOption(new Option("--profile <name>", "the profile of the recording").choices(["iso1", "quixote", "iso2017"]))
    .option("--points", "print every point once, in the order of first occurrence")
    .option("--measurement", "print the extension over the points in that order")
    .option("--state", "print the extension over the points in ascending order")
    .option("--aggregate <digest>", "extend from this platform aggregate")
    .option("--base <digest>", "fold this nonce into every point")
    .option("-o, --output <file>", "write a contour of what was recorded")
    .option("--json", "everything for machines")
    .addHelpText(
      "after",
      `${examples(
        "isoline replay app.contour app.trajectory",
        "isoline replay --profile quixote --measurement --state events.json",
        "isoline replay --profile quixote web.model events.json",
      )}\n\nExit status: 0 on contour, 3 off contour, 4 incomplete.`,
    )
    .action((files: string[], options: ReplayOptions) =>
      ends(import("../commands/replay.ts").then(({ replay }) => replay(files, options))),
    );

  program
    .command("verify")
    .summary("check that a contour file is valid")
    .description("Reads a contour, recomputes every task and point, and prints a summary.")
    .argument("<file>", "the contour")
    .option("--trusted-key <key>", "it must be signed by this public key; may be repeated, and one is enough", repeated)
    .option("--json", "for machines")
    .addHelpText("after", examples("isoline verify app.contour", "isoline verify --json app.contour | jq -r .state"))
    .action((file: string, options: VerifyOptions) =>
      ends(import("../commands/verify.ts").then(({ verify }) => verify(file, options))),
    );

  program
    .command("sign")
    .summary("sign a contour, so that others can verify where it comes from")
    .description(
      "Signs a contour as it is now, and writes FILE.sig beside it; prints where. The key is a private one in PEM, for " +
        "Ed25519 or ECDSA on P-256.",
    )
    .argument("<file>", "the contour")
    .requiredOption("--key <key>", "the private key")
    .option("--image <digest>", "only for canisters of this image (sha256:…); may be repeated", repeated)
    .addHelpText(
      "after",
      examples(
        "openssl genpkey -algorithm ed25519 -out release.key",
        "openssl pkey -in release.key -pubout -out release.pub",
        "isoline sign app.contour --key release.key",
        "isoline run app.contour --enforce --require-signature release.pub -- ./app",
      ),
    )
    .action((file: string, options: SignOptions) =>
      ends(import("../commands/sign.ts").then(({ sign }) => sign(file, options))),
    );
}

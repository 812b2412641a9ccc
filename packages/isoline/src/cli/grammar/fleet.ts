/** The commands for fleets: what people ask a verifier, and what a node does to be known to one. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { states } from "../../fleet/model.ts";
import type { FleetAuditOptions, FleetRevokeOptions, FleetTokenOptions } from "../commands/fleet/administer.ts";
import type { FleetCanistersOptions } from "../commands/fleet/canisters.ts";
import type { FleetAttestOptions, FleetJoinOptions, FleetSvidOptions } from "../commands/fleet/node.ts";
import type { FleetNodesOptions } from "../commands/fleet/nodes.ts";
import type { FleetReferenceOptions } from "../commands/fleet/reference.ts";
import type { FleetRetireOptions } from "../commands/fleet/retire.ts";
import type { FleetShelfOptions } from "../commands/fleet/shelf.ts";
import { type Format, formats } from "../fleet/format.ts";
import type { FleetOptions } from "../fleet/session.ts";
import type { Invocation } from "../invocation.ts";
import { examples } from "./examples.ts";
import { repeated } from "./repeated.ts";

/** The forms of one thing, and of lines that never end. */
const ONE: readonly Format[] = ["table", "json", "yaml"];
const LINES: readonly Format[] = ["table", "json", "name"];

const CONFIGURED = "Which server, and with which token, is in ~/.config/isoline/fleet.yaml: docs/fleet.md.";

export function declareFleet(program: Command, invocation: Invocation): void {
  program.commandsGroup("Fleets (docs/fleet.md):");

  const fleet = program
    .command("fleet")
    .summary("ask a verifier about many nodes, and let a node be known to one")
    .description(
      `Which nodes and canisters there are, whether they are what they should be, and why not. ${CONFIGURED}`,
    )
    .usage("COMMAND [options]")
    .enablePositionalOptions()
    .addHelpText("after", examples("isoline fleet nodes", "isoline fleet why node-1/web"));

  declareLooking(fleet, invocation);
  declareAdministering(fleet, invocation);
  declareNodes(fleet, invocation);
}

function declareLooking(fleet: Command, { ends }: Invocation): void {
  asked(fleet.command("nodes"))
    .summary("the nodes, and what is proven of each")
    .description(`Lists the nodes that you may see. ${CONFIGURED}`)
    .addOption(stateOption())
    .option("-l, --selector <k=v>", "only nodes with this label; may be repeated", labelled)
    .option("--tenant <name>", "only nodes of this tenant")
    .option("-w, --watch", "print a line for each change from then on; with -o json one object a line after the list")
    .option("--limit <n>", "at most so many", amount, 1000)
    .addHelpText(
      "after",
      examples("isoline fleet nodes -l zone=north", "isoline fleet nodes --state contraindicated -o name"),
    )
    .action((options: FleetNodesOptions) =>
      ends(import("../commands/fleet/nodes.ts").then(({ fleetNodes }) => fleetNodes(options))),
    );

  asked(fleet.command("canisters"))
    .summary("the canisters, and whether each is what it should be")
    .description("Lists the canisters that you may see, of all nodes or of one.")
    .argument("[label]", "only canisters of this label")
    .addOption(stateOption())
    .option("--node <name>", "only those of this node")
    .option("--tenant <name>", "only those of nodes of this tenant")
    .option("--image <digest>", "only those of this image")
    .option("-w, --watch", "print a line for each change from then on; with -o json one object a line after the list")
    .option("--limit <n>", "at most so many", amount, 1000)
    .addHelpText("after", examples("isoline fleet canisters", "isoline fleet canisters --node node-1 -o wide"))
    .action((label: string | undefined, options: FleetCanistersOptions) =>
      ends(import("../commands/fleet/canisters.ts").then(({ fleetCanisters }) => fleetCanisters(label, options))),
    );

  asked(fleet.command("show"), ONE)
    .summary("one node or canister, link by link")
    .description(
      "Shows every check from the hardware up, counters, history, and what departed in the node's own words.",
    )
    .argument("<subject>", "NODE, or NODE/LABEL")
    .addHelpText("after", examples("isoline fleet show node-1", "isoline fleet show node-1/web"))
    .action((subject: string, options: FleetOptions) =>
      ends(import("../commands/fleet/show.ts").then(({ fleetShow }) => fleetShow(subject, options))),
    );

  asked(fleet.command("why"), ONE)
    .summary("why a node or canister is not affirmed")
    .description(
      "Says the verdict in one line, then the checks that did not pass, and what departed; of a node also which of its canisters are not " +
        "affirmed.",
    )
    .argument("<subject>", "NODE, or NODE/LABEL")
    .addHelpText(
      "after",
      `${examples("isoline fleet why node-1/web")}\n\nExit status: 0 affirming, 3 contraindicated or revoked, 4 unverifiable, stale or unknown; of a node the worst of it and its canisters.`,
    )
    .action((subject: string, options: FleetOptions) =>
      ends(import("../commands/fleet/show.ts").then(({ fleetWhy }) => fleetWhy(subject, options))),
    );

  asked(fleet.command("watch"), LINES)
    .summary("each change of a verdict, as it happens")
    .description("Prints one line for each change, until it is ended. -o json prints one object a line.")
    .addHelpText("after", examples("isoline fleet watch", "isoline fleet watch -o json"))
    .action((options: FleetOptions) =>
      ends(import("../commands/fleet/watch.ts").then(({ fleetWatch }) => fleetWatch(options))),
    );
}

function declareAdministering(fleet: Command, { ends }: Invocation): void {
  asked(fleet.command("policy"))
    .summary("the policies: list, read, try, publish")
    .description(
      "Without a name, lists the policies. With one, prints that policy, tries a new one on the present fleet, or publishes it.",
    )
    .argument("[name]", "the policy")
    .option("--dry-run <file>", "say what this policy would change, and change nothing")
    .option("--set <file>", "publish this policy")
    .addHelpText(
      "after",
      `${examples("isoline fleet policy main --dry-run policy.signed", "isoline fleet policy main --set policy.signed")}\n\nExit status of --dry-run: 0 nothing would turn red, 3 something would.`,
    )
    .action((name: string | undefined, options: FleetShelfOptions) =>
      ends(import("../commands/fleet/shelf.ts").then(({ fleetPolicy }) => fleetPolicy(name, options))),
    );

  asked(fleet.command("reference"))
    .summary("the reference values: list, read, publish")
    .description(
      "Without a name, lists the reference values. With one, prints or publishes them; contours may go with them. A contour that is " +
        "left out of them is withdrawn. With --image, asks the registry of an image for its digest and for the contour that is attached " +
        "to it, and publishes both: the contour takes the place of those of its name, and what else the values have stays.",
    )
    .argument("[name]", "the reference values")
    .option("--set <file>", "publish these")
    .option("--contour <file>", "publish a contour; may be repeated", repeated)
    .option(
      "--withdraw <digest>",
      "withdraw a contour that they do not name, though it is signed; may be repeated",
      repeated,
    )
    .option("--image <image>", "publish the contour attached to this image, for this image; may be repeated", repeated)
    .option("--trusted-key <key>", "it must be signed for its image by this public key; may be repeated", repeated)
    .option("--as <name>", "what the contours of the images are called; each as its repository if left out")
    .option("--print", "with --image: print the changed values, to be signed, and publish nothing")
    .addHelpText(
      "after",
      examples(
        "isoline fleet reference",
        "isoline fleet reference main --set references.signed --contour web.contour",
        "isoline fleet reference --withdraw $(sha256sum web.contour | cut -d' ' -f1)",
        "isoline fleet reference web --image registry.example/web:1 --trusted-key release.pub",
      ),
    )
    .action((name: string | undefined, options: FleetReferenceOptions) =>
      ends(import("../commands/fleet/reference.ts").then(({ fleetReference }) => fleetReference(name, options))),
    );

  asked(fleet.command("token"), ONE)
    .summary("a token for one node to be enrolled with")
    .description(
      "Makes a token, and prints it once. A node that shows it in time is enrolled if its TPM is of a maker that is trusted.",
    )
    .requiredOption("--tenant <name>", "the tenant that the node is for")
    .option("--name <name>", "the only name that the node may have")
    .option("-l, --selector <k=v>", "a label that the node gets; may be repeated", labelled)
    .addOption(
      new Option("--expires <time>", "when it expires, as 30m, 12h or 7d").argParser(duration).default(3_600_000, "1h"),
    )
    .addHelpText("after", examples("isoline fleet token --tenant shop --name node-1 -l zone=north --expires 30m"))
    .action((options: FleetTokenOptions) =>
      ends(import("../commands/fleet/administer.ts").then(({ fleetToken }) => fleetToken(options))),
    );

  asked(fleet.command("revoke"), ONE)
    .summary("trust a node no longer")
    .description("Revokes a node: no evidence of it is accepted from then on. To trust it again, enrol it anew.")
    .argument("<node>", "its name")
    .requiredOption("--reason <text>", "why, for the audit")
    .addHelpText("after", examples('isoline fleet revoke node-1 --reason "sold"'))
    .action((name: string, options: FleetRevokeOptions) =>
      ends(import("../commands/fleet/administer.ts").then(({ fleetRevoke }) => fleetRevoke(name, options))),
    );

  asked(fleet.command("retire"), ["table", "json", "yaml", "name"])
    .summary("take nodes away that are gone for good")
    .description(
      "Takes nodes away that are stale, or never sent evidence: a node that comes back has to be enrolled anew. Nodes that are silent " +
        "for long are collected by themselves. A revoked node stays.",
    )
    .argument("<node...>", "their names")
    .option("--force", "also a node that is neither stale nor unknown; its results count until they run out")
    .addHelpText(
      "after",
      `${examples("isoline fleet retire node-1 node-2", "isoline fleet nodes --state stale -o name | xargs -r isoline fleet retire")}\n\nExit status: 0 all of them are gone, 1 some are not, and it is said why.`,
    )
    .action((names: readonly string[], options: FleetRetireOptions) =>
      ends(import("../commands/fleet/retire.ts").then(({ fleetRetire }) => fleetRetire(names, options))),
    );

  asked(fleet.command("audit"))
    .summary("what operators did")
    .description("Lists administrative acts, the last first.")
    .option("--limit <n>", "at most so many", amount, 100)
    .addHelpText("after", examples("isoline fleet audit --limit 20"))
    .action((options: FleetAuditOptions) =>
      ends(import("../commands/fleet/administer.ts").then(({ fleetAudit }) => fleetAudit(options))),
    );
}

function declareNodes(fleet: Command, { ends }: Invocation): void {
  fleet
    .command("join")
    .summary("enrol this node at a verifier")
    .description(
      "Proves to a verifier that this node's key is in a genuine TPM, or with --tee in a confidential machine that has none, and keeps " +
        "what the verifier gives it.",
    )
    .requiredOption("--server <url>", "the verifier, as https://HOST:PORT")
    .option("--ca <file>", "certificates that the server's must lead to, in PEM; those that Node knows otherwise")
    .option("--token <token>", "of isoline fleet token; other users of this machine may see it")
    .option("--token-file <file>", "the same in a file that is closed to others")
    .option("--name <name>", "what to call the node; its host name if left out")
    .option("--tpm <address>", "unix:PATH or tcp:HOST:PORT of swtpm, or a device; this machine's /dev/tpmrm0 otherwise")
    .option("--tee", "without a TPM: by a report of the confidential machine (SEV-SNP, TDX) that this node is")
    .option(
      "--certificate <file>",
      "what the node proves itself with, in PEM, where the verifier asks for certificates",
    )
    .option("--key <file>", "the private key of the certificate, in PEM")
    .option("--state <directory>", "where to keep the enrolment; /var/lib/isoline/fleet for root if left out")
    .addHelpText(
      "after",
      examples(
        "isoline fleet join --server https://verifier.example:8443 --token-file token --name node-1",
        "isoline fleet join --tee --server https://verifier.example:8443 --token-file token --name guest-1",
      ),
    )
    .action((options: FleetJoinOptions) =>
      ends(import("../commands/fleet/node.ts").then(({ fleetJoin }) => fleetJoin(options))),
    );

  fleet
    .command("attest")
    .summary("send evidence of this node to its verifier, until it is told to end")
    .description(
      "Sends evidence when it is due, and at once when a canister begins, departs, loses something or ends. Prints each verdict " +
        "that is another than before.",
    )
    .option("--state <directory>", "where the enrolment is; /var/lib/isoline/fleet for root if left out")
    .option(
      "--tpm-ledger <directory>",
      "where the host keeps what it recorded; /var/lib/isoline/ledger for root if left out",
    )
    .option("--tee", "add the report of the confidential machine that this node is; without a TPM it is always there")
    .option("--json", "each answer of the verifier, one object a line")
    .addHelpText("after", examples("isoline fleet attest"))
    .action((options: FleetAttestOptions) =>
      ends(import("../commands/fleet/node.ts").then(({ fleetAttest }) => fleetAttest(options))),
    );

  fleet
    .command("svid")
    .summary("get a short-lived certificate for this node, or for one of its canisters")
    .description(
      "Asks the verifier for an X.509-SVID: a certificate for TLS whose name is a SPIFFE id. It is given while the last evidence is " +
        "affirmed, and ends when that result ends; ask again before.",
    )
    .requiredOption("--key <file>", "the private key, in PEM; it is made if the file is missing")
    .requiredOption("-o, --output <file>", "where to write the certificate, in PEM")
    .option("--bundle <file>", "where to write the roots of the trust domain, in PEM")
    .option("--canister <label>", "for this canister; for the node itself if left out")
    .option("--state <directory>", "where the enrolment is; /var/lib/isoline/fleet for root if left out")
    .addHelpText("after", examples("isoline fleet svid --canister web --key web.key -o web.pem --bundle roots.pem"))
    .action((options: FleetSvidOptions) =>
      ends(import("../commands/fleet/node.ts").then(({ fleetSvid }) => fleetSvid(options))),
    );
}

/** What every command has that asks a verifier. A form that a command does not have is refused. */
function asked(command: Command, forms: readonly Format[] = formats): Command {
  return command
    .addOption(new Option("-o, --output <format>", "how to print it").choices(forms).default("table"))
    .option("--server <name>", "a server of the configuration, by name or address; its current one otherwise");
}

const stateOption = () => new Option("--state <state>", "only those with this verdict").choices(states);

function labelled(value: string, earlier: readonly string[] = []): readonly string[] {
  const given = value.split(",");
  const odd = given.find((each) => !/^[A-Za-z0-9][A-Za-z0-9_./-]{0,62}=[^\p{C}]{0,128}$/u.test(each));
  if (odd !== undefined)
    throw new InvalidArgumentError(`expected NAME=VALUE, got ${JSON.stringify(odd.slice(0, 60))}.`);
  const all = [...earlier, ...given];
  const names = all.map((each) => each.slice(0, each.indexOf("=")));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return all;
  throw new InvalidArgumentError(`expected each label once, got ${twice} twice: a node has one value of it.`);
}

const MOST = 100_000;

function amount(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= MOST) return number;
  throw new InvalidArgumentError(`expected a number from 1 to ${MOST}, got ${JSON.stringify(text.slice(0, 40))}.`);
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MOST_DAYS = 366;

/** Milliseconds. */
function duration(text: string): number {
  const [, digits, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = Number(digits) * (UNITS[unit] ?? Number.NaN);
  if (ms > 0 && ms <= MOST_DAYS * 86_400_000) return ms;
  throw new InvalidArgumentError(`expected a time as 30m, 12h or 7d, got ${JSON.stringify(text.slice(0, 40))}.`);
}

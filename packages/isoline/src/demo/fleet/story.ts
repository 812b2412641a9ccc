/**
 * `isoline demo --fleet`: a verifier, a log with a witness, two nodes with a TPM each, three services. One is attacked, a node forges its
 * past, and what is right again is green again. Real processes, real quotes.
 */
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { Session, type Stage, Stopped } from "../session.ts";
import { assertInstalled, Machines } from "./machines.ts";
import { type FleetPlace, layOutFleet, REPAIRED } from "./place.ts";
import { lastStated } from "./stated.ts";
import { STARVED_SECONDS, Verdicts } from "./verdicts.ts";

const SERVICES = ["node-1/web", "node-1/mail", "node-2/web"] as const;
const NODES = ["node-1", "node-2"] as const;
/** Seconds from one evidence to the next where nothing happens: a verdict that the story waits for is never one that only was due. */
const DUE_SECONDS = 4 * STARVED_SECONDS;
const REQUESTS = String.raw`printf 'morning\nnight\nquit\n'`;

export interface FleetDemoOptions {
  /** Keep the directory. */
  readonly keep?: boolean;
}

/** Tells the story. Returns the exit status; throws one clear error if it cannot be told. Ends whatever it started. */
export async function fleetDemo({ keep = false }: FleetDemoOptions, stage: Stage): Promise<number> {
  const place = layOutFleet();
  const added = { ISOLINE_FLEET_CONFIG: place.at("home/.config/isoline/fleet.yaml") };
  const session = new Session(stage, { home: place.home, project: place.root }, added);
  const machines = new Machines(place, session.environment);
  try {
    assertInstalled(session.environment);
    await new Story(stage, session, machines, place).tell();
    return 0;
  } catch (fault) {
    // What failed because the user ended the story is not what to speak of.
    const cause = session.stopped ?? fault;
    if (cause instanceof Stopped) return cause.status;
    throw cause;
  } finally {
    await machines.endAll();
    session.end();
    if (keep) stage.print(`\nEverything is in ${place.root}\n`);
    else place.remove();
  }
}

class Story {
  readonly #stage: Stage;
  readonly #session: Session;
  readonly #machines: Machines;
  readonly #place: FleetPlace;

  constructor(stage: Stage, session: Session, machines: Machines, place: FleetPlace) {
    this.#stage = stage;
    this.#session = session;
    this.#machines = machines;
    this.#place = place;
  }

  async tell(): Promise<void> {
    this.#say(`A fleet of two nodes on this machine, in a directory of its own: ${this.#place.root}\n`);
    await this.#publish();
    const verdicts = await this.#beginFleet();
    try {
      await this.#everythingIsGreen(verdicts);
      await this.#attack(verdicts);
      await this.#forge(verdicts);
      await this.#amend(verdicts);
    } finally {
      verdicts.close();
    }
  }

  async #publish(): Promise<void> {
    const { run } = this.#shown();
    this.#chapter("1  A contour, signed and published", "The owner of a small service learns what it does.");
    await run("cat owner/service.sh");
    await run(`cd owner && ${REQUESTS} | isoline learn -q -o web.contour -- sh service.sh`);
    await run("isoline sign --key owner/owner.pem owner/web.contour");
    this.#say(
      "\nThe signature goes into a transparency log. The verifier will have one of its own. A witness watches both:\n",
    );
    await run("isoline log create log --name log.example/demo --key owner/log.pem | tee log.key");
    await run("isoline log create fleet-log --name log.example/fleet --key verifier/log.pem | tee fleet-log.key");
    const [log = "", ofFleet = ""] = ["log.key", "fleet-log.key"].map((file) =>
      readFileSync(this.#place.at(file), "utf8").trim(),
    );
    const witness = await this.#machines.startWitness([log, ofFleet].map((line) => line.replace(/^log /, "")));
    this.#place.write("log.policy", `${log}\n${witness}\nquorum one\n`);
    this.#place.write("fleet-log.policy", `${ofFleet}\n${witness}\nquorum one\n`);
    await this.#log();
  }

  async #beginFleet(): Promise<Verdicts> {
    const { run } = this.#shown();
    this.#chapter(
      "2  A verifier",
      "It keeps its store in a directory, and trusts one maker of TPMs and the owner's key. What it does it states in its log.",
    );
    for (const node of NODES) this.#machines.makeTpm(node);
    const configuration = {
      listen: "127.0.0.1:0",
      database: "pglite:store",
      keys: "keys",
      trust: "trust",
      due: DUE_SECONDS,
      people: { tokens: "people" },
      log: { directory: "../fleet-log", key: "log.pem", policy: "../fleet-log.policy" },
    };
    this.#place.write("verifier/verifier.yaml", `${JSON.stringify(configuration)}\n`);
    this.#show("isoline verifier --config verifier/verifier.yaml &");
    const url = await this.#machines.startVerifier();
    this.#session.goesOn();
    this.#say(`It listens at ${url}. The page is there, too.`);
    const servers = [{ name: "demo", url, tokenFile: "token" }];
    this.#place.write("home/.config/isoline/fleet.yaml", `${JSON.stringify({ servers })}\n`, 0o600);
    this.#say("\nIts policy: whatever runs is enforced, under a signed contour, and its past is in the TPM.\n");
    await run("isoline attest sign owner/policy.json --key owner/owner.pem -o owner/policy.signed");
    await run("isoline fleet policy default --set owner/policy.signed");
    await run("isoline fleet reference --contour owner/web.contour");

    this.#chapter(
      "3  Two nodes",
      "Each has a TPM, here in software. The verifier believes the maker of the TPM, and no other word.",
    );
    for (const node of NODES) {
      await this.#machines.powerOn(node);
      const token = `isoline fleet token --tenant demo --name ${node} -l zone=here > token`;
      await run(
        `umask 077 && ${token} && ${this.#on(node)} isoline fleet join --server ${url} --token-file token \\\n    --name ${node} --tpm ${this.#machines.tpmOf(node)}`,
      );
    }
    return new Verdicts(url, readFileSync(this.#place.at("home/.config/isoline/token"), "utf8").trim());
  }

  async #everythingIsGreen(verdicts: Verdicts): Promise<void> {
    const { run } = this.#shown();
    this.#chapter(
      "4  Three services",
      "Each runs enforced under the contour, and each node attests: evidence that its TPM signs.",
    );
    await verdicts.after(async () => {
      for (const service of SERVICES) await this.#start(service);
      for (const node of NODES) {
        this.#show(`${this.#on(node)} isoline fleet attest &`);
        this.#machines.attest(node);
      }
    }, green(SERVICES));
    await run("isoline fleet nodes");
    await run("isoline fleet canisters");
  }

  async #attack(verdicts: Verdicts): Promise<void> {
    const { run } = this.#shown();
    this.#chapter("5  An attack", "A request names a file that the service never read before:");
    const seconds = await verdicts.after(
      async () => {
        this.#show("echo ../secret > node-1/web");
        await this.#machines.request("node-1/web", "../secret", /off contour/);
      },
      { "node-1/web": "contraindicated" },
    );
    this.#say(
      `\nIt was refused. The verifier knew ${this.#bold(`${seconds.toFixed(1)} s`)} after the request was sent. ` +
        `Evidence is due every ${DUE_SECONDS} s here:\nthe node sent this one by itself, since something had happened.\n`,
    );
    await run("isoline fleet canisters");
    await run("isoline fleet why node-1/web", 3);
    const { entry, text } = await lastStated(
      this.#place.at("fleet-log"),
      "a change to contraindicated",
      (one) => one.kind === "change" && one.label !== undefined && one.to === "contraindicated",
    );
    this.#say(
      `\nThe verifier cannot take it back: entry ${entry} of log.example/fleet, which the witness has signed, says\n`,
    );
    this.#say(this.#stage.paint("dim", text.trimEnd()));
  }

  async #forge(verdicts: Verdicts): Promise<void> {
    const { run } = this.#shown();
    this.#chapter(
      "6  A forged past",
      "Root of node-2 wants a past without stain: it ends the service, removes the ledger of what its TPM recorded, and begins\nanother with registers of its own making.",
    );
    await this.#machines.endService("node-2/web");
    const seconds = await verdicts.after(
      async () => {
        this.#show("rm node-2/ledger/*");
        rmSync(this.#place.at("node-2/ledger"), { recursive: true });
        await this.#start("node-2/web");
      },
      { "node-2": "contraindicated" },
    );
    this.#say(
      `\nThe births' register of the TPM cannot be reset, and remembers. The verifier knew after ${seconds.toFixed(1)} s:\n`,
    );
    await run("isoline fleet nodes");
    await run("isoline fleet why node-2", 3);
    this.#say("\nOnly a boot gives the node a new past to build on:\n");
    await verdicts.after(
      async () => {
        this.#show("reboot    # of node-2");
        await this.#machines.reboot("node-2");
        await this.#start("node-2/web");
        this.#machines.attest("node-2");
      },
      green(["node-2", "node-2/web"]),
    );
    await run("isoline fleet nodes");
  }

  async #amend(verdicts: Verdicts): Promise<void> {
    const { run } = this.#shown();
    this.#chapter(
      "7  The service is repaired",
      "A name is a name now, without a directory. That needs a program that was never started before:",
    );
    for (const service of ["owner", ...SERVICES]) this.#place.write(`${service}/service.sh`, REPAIRED);
    await run("cat owner/service.sh");
    await run(`cd owner && ${REQUESTS} | isoline check -q --accept --reason 'basename' web.contour -- sh service.sh`);
    this.#say("\nThe owner reviews what was added, signs, logs and publishes the amended contour:\n");
    await run("isoline sign --key owner/owner.pem owner/web.contour");
    await this.#log();
    await run("isoline fleet reference --contour owner/web.contour");
    await verdicts.after(async () => {
      for (const service of SERVICES) {
        await this.#machines.endService(service);
        await this.#start(service);
      }
    }, green(SERVICES));
    this.#say("\nThe services run again, and all is green:\n");
    await run("isoline fleet canisters");
    this.#say("\nThe same request as before:\n");
    this.#show("echo ../secret > node-1/web");
    await this.#machines.request("node-1/web", "../secret", /No such file/);
    await run("isoline fleet why node-1/web");
    await run("isoline log monitor log --policy log.policy --state copy");
    const digest = createHash("sha256")
      .update(readFileSync(this.#place.at("owner/web.contour")))
      .digest("hex");
    await lastStated(
      this.#place.at("fleet-log"),
      "the amended contour",
      (one) => one.kind === "publish-contour" && one.digest === digest,
    );
    this.#say("\nAnd in the log of the verifier nothing is that should not be there:\n");
    await run("isoline log monitor fleet-log --policy fleet-log.policy --state fleet-copy");
    this.#say(`\n${this.#stage.paint("green", "Everything is what it should be, and what was not is known.")}`);
  }

  /** Starts a service, and says how. */
  async #start(service: (typeof SERVICES)[number]): Promise<void> {
    const [node = "", label = ""] = service.split("/");
    const contour = this.#place.at("owner/web.contour");
    this.#show(
      `${this.#on(node)} isoline run owner/web.contour --enforce --name ${label} --tpm unix:${node}/tpm.sock -- sh service.sh &`,
    );
    await this.#machines.startService(service, contour);
    this.#session.goesOn();
  }

  async #log(): Promise<void> {
    const { run } = this.#shown();
    await run("isoline log add log owner/web.contour.sig --key owner/log.pem --policy log.policy -o owner/web.proof");
    await run("isoline log verify owner/web.contour.sig owner/web.proof --policy log.policy");
  }

  #shown() {
    return { run: (line: string, expected?: number) => this.#session.run(line, expected) };
  }

  /** The environment of a node, as one would write it. */
  #on(node: string): string {
    return `ISOLINE_HOST_DIRECTORY=$PWD/${node}`;
  }

  #say(text: string): void {
    this.#stage.print(`${text}\n`);
  }

  /** A line that this program carries out itself, because what it starts has to be ended. */
  #show(line: string): void {
    this.#say(this.#bold(`$ ${line}`));
  }

  #bold(text: string): string {
    return this.#stage.paint("bold", text);
  }

  #chapter(title: string, text: string): void {
    this.#session.goesOn();
    this.#say(`\n${this.#stage.paint("cyan", title)}\n${text}\n`);
  }
}

const green = (subjects: readonly string[]) =>
  Object.fromEntries(subjects.map((subject) => [subject, "affirming" as const]));

/**
 * Namespaces that processes begin for themselves, over a socket for every user: docs/agent.md. Each has a thread of its own.
 *
 * Such a namespace is only as honest as the process that began it. So it is named `UID/NAME`, which none that root began can be called, in
 * evidence `begun:UID:NAME` with what it is worth (evidence.ts); it is among no other namespaces of root's, and is recorded in no TPM.
 */
import { createHash } from "node:crypto";
import { assertFitToTakeIn, closeDescriptor, type HeldProcess } from "@isoline/linux";
import { drawName } from "../../control/place.ts";
import { CliError } from "../../error.ts";
import { thisProcess } from "../../library/host.ts";
import { startRun } from "../../library/start.ts";
import { cells } from "../../namespace/control-block.ts";
import type { Namespace } from "../../namespace/namespace.ts";
import { Caller, sayRefused } from "../caller.ts";
import type { ClientProcess } from "../client-process.ts";
import { crewForStranger, type ElsewhereCrew } from "../crews.ts";
import { Crowd } from "../crowd.ts";
import type { Frames } from "../frames.ts";
import { type Hosted, type Hosting, tellingOf } from "../hosted.ts";
import type { Log } from "../log.ts";
import type { Door, Takes } from "../server.ts";
import { MOST_TOLD } from "../words.ts";
import { type Begun, contourOf, listed, nameOf, noteSealed, setPolicy, stateOf } from "./asked.ts";
import type { BeginConfiguration } from "./configuration.ts";
import { answerForEvidence, placeForEvidence } from "./evidence.ts";
import { BegunFiles, type BegunPlace } from "./files.ts";
import { type BeginOrder, readBeginOrder, readNamedOrder, readPolicyOrder } from "./order.ts";
import { planOf } from "./plan.ts";
import { mayBegin } from "./rules.ts";
import { MOST_BEGIN_FRAME } from "./words.ts";

/** A place is free again only after this time, so that a user who begins one after the other does not keep the agent busy. */
const REST_MS = 2000;
const BOUND_EVERY_MS = 250;
const CONNECTIONS = { most: 256, mostOfUser: 32 } as const;
/** What comes after the first frame is short. */
const STRICT = { later: 64 * 1024, rate: 20, burst: 40 } as const;

export class BegunNamespaces {
  readonly #hosting: Hosting;
  readonly #log: Log;
  readonly #configuration: BeginConfiguration;
  readonly #files: BegunFiles;
  readonly #places: Crowd;
  /** Processes that are just being taken in. */
  readonly #takenIn = new Crowd("processes that begin for themselves at once", 1, 2);
  readonly #live = new Map<string, Begun>();
  /** Names of those that begin. */
  readonly #taken = new Set<string>();
  /** Refusals that the log has not said. */
  #unsaid = 0;
  #quietUntil = 0;

  /** What strangers send is kept in a directory beside the agent's own socket. */
  constructor(hosting: Hosting, log: Log, configuration: BeginConfiguration, ownSocket: string) {
    this.#hosting = hosting;
    this.#log = log;
    this.#configuration = configuration;
    this.#files = new BegunFiles(`${ownSocket}.begun`);
    // Whatever strangers do, half of the agent's places are for root.
    this.#places = new Crowd("namespaces", configuration.namespaces, Math.max(1, Math.floor(hosting.most / 2)));
  }

  get door(): Door {
    return {
      ...{ path: this.#configuration.socket, mode: 0o666, directoryMode: 0o755, ...CONNECTIONS },
      bounds: { most: MOST_BEGIN_FRAME, unsent: MOST_TOLD / 4, strict: STRICT },
      admits: (client) => this.#admit(client),
    };
  }

  readonly takes: Readonly<Record<string, Takes>> = {
    begin: (order, client, frames) => void this.#begin(order, client, frames),
    policy: (order, client, frames) => void this.#answer(client, frames, () => this.#policy(order, client)),
    seal: (order, client, frames) => void this.#answer(client, frames, () => this.#seal(order, client)),
    show: (order, client, frames) => void this.#answer(client, frames, () => this.#show(order, client)),
    contour: (order, client, frames) => void this.#answer(client, frames, () => this.#contour(order, client)),
    measurements: (order, client, frames) => void this.#answer(client, frames, () => this.#measurements(order, client)),
    namespaces: (_order, client, frames) => void this.#answer(client, frames, () => this.#names(client)),
  };

  async #begin(order: unknown, client: ClientProcess, frames: Frames): Promise<void> {
    let leave = () => {};
    let crew: ElsewhereCrew | undefined;
    let caller: Caller | undefined;
    try {
      client.assertStill();
      client.assertOutside();
      client.assertBeside();
      this.#assertAllowed(client);
      // What was read of it is of the process that connected: nothing begins for another.
      client.assertStill();
      const read = readBeginOrder(order);
      if (read.isForItself && !this.#configuration.itself)
        throw refused("expected a command, as `itself` of `begin` is not set in the agent's configuration; start one");
      if (read.isForItself) assertFitToTakeIn(client.pid);
      leave = this.#places.enter(client.uid);
      crew = crewForStranger();
      caller = new Caller(client, frames, crew);
      await this.#carryOut(read, caller, crew);
    } catch (fault) {
      crew?.failed(fault as Error);
      this.#noteRefusal(client, fault);
      if (caller === undefined) sayRefused(client, frames, fault);
      else caller.refuse(fault);
    } finally {
      await crew?.over;
      setTimeout(leave, REST_MS).unref();
    }
  }

  /** The process that asks is held by a descriptor of its own until its namespace has begun, whatever becomes of its connection. */
  async #carryOut(order: BeginOrder, caller: Caller, crew: ElsewhereCrew): Promise<void> {
    const held = caller.client.hold();
    const letGo = once(() => closeDescriptor(held.pidfd));
    try {
      await this.#host(order, caller, crew, held, letGo);
    } finally {
      letGo();
    }
  }

  async #host(
    order: BeginOrder,
    caller: Caller,
    crew: ElsewhereCrew,
    held: HeldProcess,
    letGo: () => void,
  ): Promise<void> {
    const { uid } = caller.client;
    const { contour, words, command, name = drawName() } = order;
    const key = `${uid}/${name}`;
    if (this.#live.has(key) || this.#taken.has(key))
      throw refused(`expected a name that no namespace of user ${uid} has, got ${name}; choose another one`);
    const free = this.#hosting.admit();
    const departures = this.#hosting.departures();
    let kept: BegunPlace | undefined;
    this.#taken.add(key);
    try {
      kept = this.#files.take();
      if (order.isForItself) caller.takenIn();
      const evidencePlace = placeForEvidence(uid, name);
      const plan = planOf(order, held, kept);
      const about = { contour: contour?.called ?? name, command: words, learns: contour === undefined };
      const host = { ...thisProcess({}), threads: crew, standsIn: false, departures };
      const starts = () => startRun(host, { plan, command: [], about, checks: true }, tellingOf(caller));
      const { run, namespace } = await (order.isForItself ? this.#oneByOne(uid, starts) : starts());
      letGo();
      const begun: Begun = {
        ...{ uid, name, command, namespace },
        ...{ isSealed: order.policy !== undefined, mode: plan.mode },
      };
      const hosted: Hosted = {
        ...{ name: key, contour: digestOf(order), sensor: plan.sensor, namespace },
        get mode() {
          return begun.mode;
        },
      };
      const leave = this.#hosting.enter(hosted);
      free();
      this.#live.set(key, begun);
      caller.begun(namespace);
      const answering = answerForEvidence(begun, hosted.contour, evidencePlace).catch((fault: Error) => {
        // What runs and is told of nowhere would be a way past the verifier.
        caller.say({ say: "note", text: `ended, as it cannot be told of in evidence: ${fault.message}` });
        namespace.end("SIGKILL");
        return async () => {};
      });
      caller.say({ say: "begun", name });
      const bound = this.#bound(begun, caller);
      try {
        const result = await run.ended;
        this.#hosting.ended(hosted, result);
        caller.say({ say: "over", report: result.report, removedSignature: false });
        caller.end();
      } finally {
        clearInterval(bound);
        leave();
        await (await answering)();
      }
    } finally {
      void crew.over.then(free);
      this.#live.delete(key);
      this.#taken.delete(key);
      kept?.remove();
      departures.release();
    }
  }

  /** Loading the BPF programs takes long, under a lock that root's namespaces wait for; one that is refused may not ask again at once. */
  async #oneByOne<T>(uid: number, starts: () => Promise<T>): Promise<T> {
    const leave = this.#takenIn.enter(uid);
    try {
      const started = await starts();
      leave();
      return started;
    } catch (fault) {
      setTimeout(leave, REST_MS).unref();
      throw fault;
    }
  }

  /** Memory of the agent grows with what is learnt, and strangers decide how much there is to learn: at some point it ends. */
  #bound(begun: Begun, caller: Caller): NodeJS.Timeout {
    const { points } = this.#configuration;
    const { namespace } = begun;
    const looking = setInterval(() => {
      if ((namespace.block[cells.points] ?? 0) < points) return;
      clearInterval(looking);
      noteSealed(begun);
      void namespace.ask({ ask: "seal" });
      caller.say({ say: "note", text: `sealed at ${points} points: what is new from now on is off contour` });
    }, BOUND_EVERY_MS);
    return looking.unref();
  }

  async #policy(order: unknown, client: ClientProcess): Promise<unknown> {
    const { name, policy } = readPolicyOrder(order);
    return { rules: await setPolicy(await this.#named(name, client), policy) };
  }

  async #seal(order: unknown, client: ClientProcess): Promise<unknown> {
    const begun = await this.#named(readNamedOrder(order).name, client);
    noteSealed(begun);
    await begun.namespace.ask({ ask: "seal" });
    return stateOf(begun);
  }

  async #show(order: unknown, client: ClientProcess): Promise<unknown> {
    return stateOf(await this.#named(readNamedOrder(order).name, client));
  }

  async #contour(order: unknown, client: ClientProcess): Promise<unknown> {
    return { contour: await contourOf(await this.#named(readNamedOrder(order).name, client)) };
  }

  async #measurements(order: unknown, client: ClientProcess): Promise<unknown> {
    return { list: await listed(await this.#named(readNamedOrder(order).name, client)) };
  }

  /** Of the client's user; of all users for root. */
  async #names({ uid, isInside }: ClientProcess): Promise<unknown> {
    if (isInside) throw refused("expected a process outside of all behaviour namespaces; inside, ask for no name");
    const own = Array.from(this.#live.values()).filter((begun) => uid === 0 || begun.uid === uid);
    return { namespaces: await Promise.all(own.map(nameOf)) };
  }

  /** The namespace that a client means: from inside only the one that it is in, from outside one of its user, for root of any user. */
  async #named(name: string | undefined, client: ClientProcess): Promise<Begun> {
    const found = client.isInside ? await this.#around(client) : this.#called(name, client);
    if (found === undefined || (client.isInside && name !== undefined && name !== found.name))
      throw new CliError("no-such-namespace", `user ${client.uid} began no such namespace; see isoline namespace ls`);
    client.assertStill();
    return found;
  }

  #called(name: string | undefined, { uid }: ClientProcess): Begun | undefined {
    if (name === undefined)
      throw refused("expected the name of a namespace, as this process is in none; see isoline namespace ls");
    const found = this.#live.get(name.includes("/") ? name : `${uid}/${name}`);
    return found !== undefined && (uid === 0 || found.uid === uid) ? found : undefined;
  }

  async #around({ uid, pid }: ClientProcess): Promise<Begun | undefined> {
    for (const begun of this.#live.values())
      if (begun.uid === uid && (await isMember(begun.namespace, pid))) return begun;
    return undefined;
  }

  async #answer(client: ClientProcess, frames: Frames, answer: () => Promise<unknown>): Promise<void> {
    try {
      frames.send({ say: "answer", answer: await answer() });
      frames.close();
      client.close();
    } catch (fault) {
      sayRefused(client, frames, fault);
    }
  }

  /** Hears what may begin a namespace, users that have one, and root. */
  #admit(client: ClientProcess): void {
    try {
      if (!client.isProven)
        throw refused(
          "expected a kernel that proves who connects (SO_PEERPIDFD, Linux 6.5), got an older one; use isoline run",
        );
      const has = client.uid === 0 || Array.from(this.#live.values()).some(({ uid }) => uid === client.uid);
      if (!has) this.#assertAllowed(client);
    } catch (fault) {
      this.#noteRefusal(client, fault);
      throw fault;
    }
  }

  /** At most one line a second: a line for each would let strangers fill the log. */
  #noteRefusal({ pid, uid }: ClientProcess, fault: unknown): void {
    this.#unsaid += 1;
    if (performance.now() < this.#quietUntil) return;
    this.#quietUntil = performance.now() + 1000;
    this.#log.say("refused", { client: pid, user: uid, why: (fault as Error).message, before: this.#unsaid - 1 });
    this.#unsaid = 0;
  }

  #assertAllowed(client: ClientProcess): void {
    const { uid, program, controlGroups } = client;
    if (mayBegin(this.#configuration.allow, { uid, program, controlGroups })) return;
    throw refused(
      `expected a process that \`begin\` of the agent's configuration allows, got user ${uid} with ${program ?? "an unknown program"}; root may add a rule for it: docs/agent.md`,
    );
  }
}

/** For metrics and the log, where words of a stranger could pass for another's: what it is held to, by digest. */
function digestOf({ contour }: BeginOrder): string {
  return contour === undefined ? "none" : `sha256:${createHash("sha256").update(contour.bytes).digest("hex")}`;
}

async function isMember(namespace: Namespace, pid: number): Promise<boolean> {
  return (await namespace.ask({ ask: "own-member", pid })) === true;
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}

function refused(message: string): CliError {
  return new CliError("agent-refused", message);
}

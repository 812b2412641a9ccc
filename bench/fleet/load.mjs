/**
 * The load of many nodes on one or several verifiers: each node attests in its turn, with the challenge of its last answer, and does
 * what an agent does when it is refused or when its verifier is gone. Nodes share a few kept connections, as behind a balancer.
 */
import { DeltaMaker } from "./delta.mjs";
import { EvidenceMaker } from "./evidence.mjs";
import { idOf, keysIn, signerOf, tokenOf } from "./nodes.mjs";
import { Wire } from "./wire.mjs";

/**
 * @typedef {object} Order
 * @property {import("./recorded.mjs").Recorded} recorded
 * @property {"whole" | "quote" | "list"} kind
 * @property {string} keys the file
 * @property {number} from
 * @property {number} to
 * @property {readonly import("./wire.mjs").Target[]} targets
 * @property {number} connections to each target
 * @property {number} interval milliseconds from one evidence of a node to its next, or as its answer says if that is more; 0: as fast
 *   as the answers come
 * @property {boolean} [isFresh] whether each attestation has a connection of its own
 * @property {number} changing after so many attestations a node says something else, which changes its verdict; 0: never
 *
 * @typedef {object} Node
 * @property {string} name
 * @property {string} id
 * @property {Buffer} x
 * @property {Buffer} y
 * @property {import("node:crypto").KeyObject} key
 * @property {number} target index of the verifier that it talks to
 * @property {Buffer | undefined} challenge
 * @property {number} due when its evidence is due, by `performance.now()`
 * @property {boolean} complete what it says next
 * @property {boolean | undefined} acknowledged what it said last that was acknowledged
 * @property {number} changes how often its evidence changed and the verifier acknowledged it
 * @property {number} attested
 * @property {boolean} isKept whether the verifier said that it keeps the logs
 *
 * @typedef {object} Tally
 * @property {number} attested
 * @property {number} deltas of these, those that went out as a delta
 * @property {number} requests
 * @property {number[]} late milliseconds from when evidence was due to its answer
 * @property {number[]} took milliseconds from sending evidence to its answer
 * @property {number[]} told milliseconds to the next evidence, as answers said
 * @property {Record<string, number>} refused by code, or by what became of the connection
 */

/** Time is looked at in steps of so many milliseconds. */
const STEP_MS = 10;
const DOWN_MS = 250;

/** @returns {Tally} */
const nothing = () => ({ attested: 0, deltas: 0, requests: 0, late: [], took: [], told: [], refused: {} });

export class Load {
  tally = nothing();
  #order;
  #maker;
  #deltas;
  /** @type {Node[]} */
  #nodes = [];
  /** Nodes that are due, for each target. @type {Node[][]} */
  #ready;
  /** Nodes that never attested, for each target; where others are due, they take turns with them. @type {Node[][]} */
  #new;
  /** Nodes that wait, by the step at which they are due. @type {Map<number, Node[]>} */
  #waiting = new Map();
  #step = Math.floor(performance.now() / STEP_MS);
  /** @type {Wire[][]} */
  #idle;
  /** Until when a target is not asked, because it did not answer. @type {number[]} */
  #down;
  #turns = 0;
  #isRunning = true;
  #isPaused = false;

  /** @param {Order} order */
  constructor(order) {
    this.#order = order;
    this.#maker = new EvidenceMaker(order.recorded, order.kind);
    const { bytes, logs } = order.recorded[order.kind];
    this.#deltas = logs.length === 0 ? undefined : new DeltaMaker(Buffer.from(bytes, "base64"), logs);
    const { targets, connections } = order;
    this.#ready = targets.map(() => []);
    this.#new = targets.map(() => []);
    this.#down = targets.map(() => 0);
    this.#idle = targets.map((target) => Array.from({ length: connections }, () => new Wire(target)));
    for (const key of keysIn(order.keys, order.from, order.to)) {
      const target = this.#nodes.length % targets.length;
      const node = {
        ...{ name: key.name, id: idOf(key), x: key.x, y: key.y, key: signerOf(key), target },
        ...{ challenge: undefined, due: 0, complete: true, acknowledged: undefined, changes: 0, attested: 0 },
        isKept: false,
      };
      this.#nodes.push(node);
      this.#new[target]?.push(node);
    }
  }

  /** Runs until it is stopped. */
  async run() {
    while (this.#isRunning) {
      this.#turn();
      this.#dispatch();
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
  }

  /** Sends nothing more, and returns when everything that was sent is answered. */
  async stop() {
    this.#isRunning = false;
    const all = this.#order.targets.length * this.#order.connections;
    while (this.#idle.flat().length < all) await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    for (const wire of this.#idle.flat()) wire.close();
  }

  /** While it pauses, what was sent is answered, and no more is sent. @param {boolean} isPaused */
  pause(isPaused) {
    this.#isPaused = isPaused;
  }

  begin() {
    this.tally = nothing();
  }

  /** How many nodes have attested since the start, or since `countAnew`. */
  get attestedNodes() {
    return this.#nodes.filter(({ attested }) => attested > 0).length;
  }

  /** From now on `attestedNodes` counts anew. */
  countAnew() {
    for (const node of this.#nodes) node.attested = 0;
  }

  /** What was acknowledged of each node. */
  get acknowledged() {
    return this.#nodes.map(({ name, acknowledged, changes }) => ({ name, complete: acknowledged, changes }));
  }

  #turn() {
    const now = Math.floor(performance.now() / STEP_MS);
    for (; this.#step <= now; this.#step++) {
      for (const node of this.#waiting.get(this.#step) ?? []) this.#ready[node.target]?.push(node);
      this.#waiting.delete(this.#step);
    }
  }

  #dispatch() {
    for (const [target, idle] of this.#idle.entries()) {
      const isDown = this.#isPaused || performance.now() < (this.#down[target] ?? 0);
      const [ready, begin] = [this.#ready[target] ?? [], this.#new[target] ?? []];
      // A queue that is taken from its front, in one step.
      let taken = 0;
      while (!isDown && this.#isRunning && idle.length > 0 && (taken < ready.length || begin.length > 0)) {
        // Without an interval the others are always due.
        const isTheirTurn = begin.length === 0 || (this.#order.interval > 0 && this.#turns++ % 2 === 0);
        const isNext = taken < ready.length && isTheirTurn;
        const node = isNext ? ready[taken++] : begin.pop();
        const wire = idle.pop();
        if (node !== undefined && wire !== undefined) void this.#serve(node, wire, target);
      }
      ready.splice(0, taken);
    }
  }

  /** Attests once, and goes on with the next node that is due. @param {Node} node @param {Wire} wire @param {number} target */
  async #serve(node, wire, target) {
    if (node.due === 0) node.due = performance.now();
    await this.#attest(node, wire);
    if (this.#order.isFresh) wire.close();
    this.#idle[target]?.push(wire);
    this.#dispatch();
  }

  /** @param {Node} node @param {Wire} wire */
  async #attest(node, wire) {
    try {
      await wire.open();
      if (node.challenge === undefined) {
        const given = await this.#ask(wire, `GET /v1/nodes/${node.name}/challenge HTTP/1.1\r\n`, node, Buffer.alloc(0));
        if (given === undefined) return;
        node.challenge = challengeIn(given);
      }
      const sent = performance.now();
      const answer = await this.#send(node, node.challenge, wire);
      if (answer !== undefined) this.#accepted(node, answer, sent);
    } catch (fault) {
      this.#refused(
        `connection: ${/** @type {{ code?: string }} */ (fault).code ?? /** @type {Error} */ (fault).message}`,
      );
      this.#down[node.target] = performance.now() + DOWN_MS;
      node.target = (node.target + 1) % this.#order.targets.length;
      this.#again(node, DOWN_MS * (1 + Math.random()));
    }
  }

  /** Sends a delta where the verifier keeps the logs. @param {Node} node @param {Buffer} challenge @param {Wire} wire */
  #send(node, challenge, wire) {
    const { complete } = node;
    const whole = this.#maker.make({ challenge, id: node.id, x: node.x, y: node.y, key: node.key, complete });
    const delta = node.isKept ? this.#deltas?.of(whole) : undefined;
    const path = `/v1/nodes/${node.name}/attestations${delta === undefined ? "" : "/delta"}`;
    if (delta !== undefined) this.tally.deltas++;
    const head = `POST ${path} HTTP/1.1\r\ncontent-type: application/cbor\r\n`;
    return this.#ask(wire, `${head}isoline-challenge: ${challenge.toString("hex")}\r\n`, node, delta ?? whole);
  }

  /** The answer, or undefined where it is a refusal. @param {Wire} wire @param {string} head @param {Node} node @param {Buffer} body */
  async #ask(wire, head, node, body) {
    this.tally.requests++;
    const {
      status,
      retryAfter,
      body: said,
    } = await wire.request(`${head}authorization: Bearer ${tokenOf(node.name)}\r\n`, body);
    if (status === 200) return said;
    this.#refused(/"code":"([a-z-]+)"/.exec(said)?.[1] ?? `status ${status}`);
    if (status === 409) node.challenge = undefined;
    node.isKept = false;
    this.#again(node, retryAfter * 1000 * (1 + Math.random() / 2));
    return undefined;
  }

  /** @param {Node} node @param {string} answer @param {number} sent */
  #accepted(node, answer, sent) {
    const now = performance.now();
    const { interval, changing } = this.#order;
    node.challenge = challengeIn(answer);
    node.isKept = this.#deltas !== undefined && answer.includes(this.#deltas.kept);
    const state = answer.slice(0, 40).split('"')[3] ?? "";
    if (state !== (node.complete ? "affirming" : "unverifiable"))
      this.#refused(`judged ${state}: ${answer.slice(0, 300)}`);
    this.tally.attested++;
    this.tally.late.push(now - node.due);
    this.tally.took.push(now - sent);
    node.attested++;
    if (node.acknowledged !== undefined && node.acknowledged !== node.complete) node.changes++;
    node.acknowledged = node.complete;
    if (changing > 0 && node.attested % changing === 0) node.complete = !node.complete;
    const told = Number(/"due":(\d+)/.exec(answer)?.[1]) * 1000;
    this.tally.told.push(told);
    // An agent counts from the answer. Here nodes that begin together spread out as they were.
    node.due = interval === 0 ? now : Math.max(node.due + Math.max(interval, told), now);
    if (interval === 0) this.#ready[node.target]?.push(node);
    else this.#wait(node, node.due);
  }

  /** It is due since it was; it is only sent later. @param {Node} node @param {number} ms */
  #again(node, ms) {
    this.#wait(node, performance.now() + ms);
  }

  /** @param {Node} node @param {number} until */
  #wait(node, until) {
    const step = Math.max(this.#step, Math.ceil(until / STEP_MS));
    const there = this.#waiting.get(step);
    if (there === undefined) this.#waiting.set(step, [node]);
    else there.push(node);
  }

  /** @param {string} why */
  #refused(why) {
    this.tally.refused[why] = (this.tally.refused[why] ?? 0) + 1;
  }
}

const MARK = '"challenge":"';

/** @param {string} answer */
function challengeIn(answer) {
  const at = answer.lastIndexOf(MARK) + MARK.length;
  return Buffer.from(answer.slice(at, at + 64), "hex");
}

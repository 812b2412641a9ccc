/** A verifier without a network, for tests of what the page keeps of a fleet. */
import type { Change, NodeInList, State } from "@isoline/verifier";

const AT = "2026-11-27T00:00:00.000Z";

/** A verifier that the page asks by `fetch`: pages of half of its nodes, and the second page waits until it is let go. */
export class PagedVerifier {
  readonly states = new Map<string, State>();
  readonly asked: string[] = [];
  /** Whether streams are opened; until then the page waits for one. */
  opens = true;
  /** What it waits for before it answers how many nodes there are. */
  counting: Promise<void> = Promise.resolve();
  /** Is called before each answer about one node. */
  onNode = async () => {};
  /** Is called when the answer about one node is made, before it is sent. */
  onAnswer = async () => {};
  /** Whether it answers with a fault. */
  refuses = () => false;
  /** Of nodes that have canisters. */
  readonly canisters = new Map<string, Partial<NodeInList["canisters"]>>();
  /** What else it says of nodes. */
  readonly others = new Map<string, Partial<NodeInList>>();
  /** How many canisters there are in each state, where a test says so. */
  canisterCounts: Partial<Record<State, number>> | undefined;
  #letGo: (() => void)[] | undefined = [];
  #waiting: (() => void)[] = [];
  readonly #streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  #last = 0;

  constructor(...names: readonly string[]) {
    for (const name of names) this.states.set(name, "affirming");
  }

  /** Turns a node, and tells the pages that follow by then. */
  turn(node: string, to: Change["to"]): void {
    const change: Change = { at: AT, node, from: this.states.get(node) ?? "unknown", to };
    if (to === "gone") this.states.delete(node);
    else this.states.set(node, to);
    this.#send(change);
  }

  #send(change: Change): void {
    this.#last++;
    const event = Buffer.from(`id: ${this.#last}\nevent: change\ndata: ${JSON.stringify(change)}\n\n`);
    for (const stream of this.#streams) stream.enqueue(event);
  }

  /** Tells the pages that follow of one of the canisters of a node. */
  tell(node: string, label: string, from: State, to: State): void {
    this.#send({ at: AT, node, label, from, to });
  }

  /** Tells the pages that follow that changes are lost. */
  reset(): void {
    for (const stream of this.#streams) stream.enqueue(Buffer.from(`id: ${this.#last}\nevent: reset\ndata: {}\n\n`));
  }

  letGo(): void {
    for (const go of this.#letGo ?? []) go();
    this.#letGo = undefined;
  }

  /** Has second pages wait again. */
  hold(): void {
    this.#letGo ??= [];
  }

  open(): void {
    this.opens = true;
    for (const go of this.#waiting) go();
    this.#waiting = [];
  }

  async answer(address: URL, signal: AbortSignal): Promise<Response> {
    const [, what, name] = address.pathname.slice(1).split("/");
    this.asked.push(`${what}${name === undefined ? "" : `/${name}`}${address.search}`);
    if (what === "changes") return await this.#stream(signal);
    if (this.refuses()) return new Response("", { status: 500 });
    if (name !== undefined) {
      await this.onNode();
      if (!this.states.has(name)) return Response.json({ error: { code: "not-found", message: "" } }, { status: 404 });
      const answer = Response.json(this.#node(name));
      await this.onAnswer();
      return answer;
    }
    const wanted = address.searchParams.get("state");
    const names = [...this.states.keys()].filter((each) => wanted === null || this.states.get(each) === wanted);
    const isWhole = address.searchParams.get("limit") === "1";
    if (isWhole) await this.counting;
    const half = Math.ceil(names.length / 2);
    const isSecond = address.searchParams.has("cursor");
    const shown = isSecond ? names.slice(half) : names.slice(0, isWhole ? 1 : half);
    // What is read first is as it was then, however late the rest comes.
    const items = shown.map((one) => this.#node(one));
    const canisters = this.canisterCounts ?? { unknown: this.states.size };
    const document = { items, counts: this.#counts(), canisters, ...(isSecond ? {} : { next: "2" }) };
    if (isSecond && this.#letGo !== undefined) await new Promise<void>((go) => this.#letGo?.push(go));
    return Response.json(document);
  }

  async #stream(signal: AbortSignal): Promise<Response> {
    if (!this.opens) await new Promise<void>((go) => this.#waiting.push(go));
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => {
        this.#streams.push(stream);
        signal.addEventListener("abort", () => stream.error(signal.reason));
      },
    });
    return new Response(body);
  }

  #node(name: string): NodeInList {
    const state = this.states.get(name) ?? "unknown";
    const canisters = { affirming: 0, contraindicated: 0, unverifiable: 0, stale: 0, ...this.canisters.get(name) };
    return {
      name,
      id: "0".repeat(64),
      tenant: "t",
      labels: {},
      state,
      since: AT,
      enrolled: AT,
      root: "tpm",
      canisters,
      ...this.others.get(name),
    };
  }

  #counts(): Partial<Record<State, number>> {
    const counts: Partial<Record<State, number>> = {};
    for (const state of this.states.values()) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  }
}

/** Canisters of a node in one answer: fewer than are asked for, as a verifier may do. */
const MOST_CANISTERS = 2;

function pageOf<T>(
  all: readonly T[],
  from: number,
  most: number,
): { readonly items: readonly T[]; readonly next?: string } {
  const end = from + most;
  return { items: all.slice(from, end), ...(end < all.length ? { next: String(end) } : {}) };
}

/** A server that answers like a verifier, with made data: for the page alone, before any real verifier is asked. */
import { createReadStream, existsSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import type { Canister, Change, Node } from "@isoline/verifier";
import { POLICY } from "../../packages/verifier/src/http/page.ts";
import { repository } from "../../tools/run.mjs";
import { hostileNames, madeCanisterInFull, madeCanisters, madeContour, madeNode } from "./made-fleet.ts";

const pageFolder = join(repository, "packages/dashboard/dist");
export const TOKEN = "a-token-of-the-test";

const kinds: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

export class MadeVerifier implements AsyncDisposable {
  readonly nodes: Node[];
  /** What was asked, in order: method, path, and the headers that matter. */
  readonly asked: { readonly what: string; readonly lastEventId: string | undefined; readonly body: string }[] = [];
  /** When true, the API answers 503. */
  gone = false;
  /** Milliseconds that its clock is ahead of the browser's, by the date of its answers. */
  ahead = 0;
  readonly #hostile: boolean;
  readonly #streams = new Set<ServerResponse>();
  readonly #server = createServer((request, answer) => void this.#answer(request, answer));
  #changes: { readonly id: number; readonly change: Change }[] = [];

  private constructor(nodes: number, hostile: boolean) {
    this.nodes = Array.from({ length: nodes }, (_, index) => madeNode(index));
    this.#hostile = hostile;
  }

  static async start(nodes: number, { hostile = false } = {}): Promise<MadeVerifier> {
    const verifier = new MadeVerifier(nodes, hostile);
    await new Promise<void>((resolve) => verifier.#server.listen(0, "127.0.0.1", resolve));
    return verifier;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Turns a node, or one of its canisters, and tells every page. */
  turn(change: Omit<Change, "at">): void {
    const whole = { at: new Date().toISOString(), ...change };
    const node = this.nodes.find(({ name }) => name === change.node);
    if (node !== undefined && change.to === "gone") this.nodes.splice(this.nodes.indexOf(node), 1);
    else if (node !== undefined && change.label === undefined)
      Object.assign(node, { state: change.to, failure: change.failure, why: change.why, since: whole.at });
    const id = this.#changes.length + 1;
    this.#changes.push({ id, change: whole });
    for (const stream of this.#streams) stream.write(eventOf(id, whole));
  }

  /** Says to every page what a verifier says whose database was restored. */
  setBack(): void {
    for (const stream of this.#streams) stream.write("id: 0\nevent: reset\ndata: {}\n\n");
  }

  /** Ends every stream of changes, as a verifier does that is restarted. */
  cut(): void {
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const address = new URL(request.url ?? "/", "http://page");
    answer.setHeader("date", new Date(Date.now() + this.ahead).toUTCString());
    if (!address.pathname.startsWith("/v1/")) return this.#file(address.pathname, answer);
    // No provider is configured.
    if (address.pathname === "/v1/login")
      return void answer.writeHead(200, { "content-type": "application/json" }).end("{}");
    let body = "";
    for await (const piece of request) body += String(piece);
    const lastEventId = request.headers["last-event-id"];
    this.asked.push({
      what: `${request.method} ${address.pathname}${address.search}`,
      lastEventId: typeof lastEventId === "string" ? lastEventId : undefined,
      body,
    });
    if (this.gone) return refuse(answer, 503, "unavailable", "the store is gone; ask again", { "retry-after": "1" });
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      return refuse(answer, 401, "unknown-caller", "expected a known token, got another one; sign in again");
    const parts = address.pathname.split("/").slice(2).map(decodeURIComponent);
    const found = this.#find(parts, address.searchParams, answer);
    if (found === "open") return;
    if (found === undefined) return refuse(answer, 404, "not-found", `nothing is known of ${address.pathname}`);
    answer.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(found));
  }

  #find([what = "", name = "", more, label]: readonly string[], query: URLSearchParams, answer: ServerResponse) {
    const node = this.nodes.find((one) => one.name === name);
    if (what === "changes") return this.#stream(answer);
    if (what === "nodes" && name === "") return this.#list(query);
    if (what === "nodes" && more === undefined) return node;
    if (what === "nodes" && node !== undefined && label === undefined)
      return pageOf(this.#canisters(node), Number(query.get("cursor") ?? 0), MOST_CANISTERS);
    if (what === "nodes" && node !== undefined) {
      const canister = this.#canisters(node).find((one) => one.label === label);
      return canister && madeCanisterInFull(canister, this.#hostile ? hostileNames : []);
    }
    if (what === "canisters") {
      const items = this.nodes.slice(0, 400).flatMap((one) => this.#canisters(one));
      return { items, counts: countsOf(items) };
    }
    if (what === "contours") return madeContour("web.contour", this.#hostile ? hostileNames : []);
    if (what === "policies" && more === "dry-run") return this.#dryRun();
    if (what === "policies")
      return { items: [{ name: "fleet", version: 7, digest: "ab".repeat(32), since: "2026-11-20T08:00:00.000Z" }] };
    return undefined;
  }

  #canisters(node: Node): readonly Canister[] {
    const own = madeCanisters(node);
    const first = own[0];
    return this.#hostile && first !== undefined
      ? [{ ...first, label: hostileNames[0], why: hostileNames[4] }, ...own]
      : own;
  }

  #list(query: URLSearchParams) {
    const state = query.get("state");
    const all = state === null ? this.nodes : this.nodes.filter((node) => node.state === state);
    const from = Number(query.get("cursor") ?? 0);
    const { items, ...next } = pageOf(all, from, Number(query.get("limit") ?? 100));
    return {
      items: items.map(({ links: _links, ...node }) => node),
      ...next,
      counts: countsOf(this.nodes),
      canisters: sumOf(this.nodes.map(({ canisters }) => canisters)),
    };
  }

  #dryRun() {
    const changes = this.nodes.slice(0, 12).map(({ name, state }, index) => ({
      node: name,
      ...(index % 3 === 0 ? {} : { label: `web-${index}` }),
      from: state,
      to: index < 9 ? "contraindicated" : "affirming",
      why: index < 9 ? "the policy accepts no canister that only watches" : "the policy accepts this kernel",
    }));
    return { changes, unlisted: 5, red: 9, green: 3, other: 2, same: this.nodes.length - 12 };
  }

  #stream(answer: ServerResponse) {
    answer.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    answer.write(": here\n\n");
    const after = Number(this.asked.at(-1)?.lastEventId ?? this.#changes.length);
    answer.write(`id: ${after}\nevent: begun\ndata: {}\n\n`);
    for (const { id, change } of this.#changes.slice(after)) answer.write(eventOf(id, change));
    this.#streams.add(answer);
    answer.on("close", () => this.#streams.delete(answer));
    return "open" as const;
  }

  #file(path: string, answer: ServerResponse): void {
    const file = join(pageFolder, normalize(path === "/" ? "/index.html" : path));
    const kind = kinds[extname(file)];
    if (kind === undefined || !file.startsWith(pageFolder) || !existsSync(file)) {
      answer.writeHead(404).end();
      return;
    }
    answer.writeHead(200, {
      "content-type": kind,
      "content-security-policy": POLICY,
      "x-content-type-options": "nosniff",
    });
    createReadStream(file).pipe(answer);
  }
}

const eventOf = (id: number, change: Change) => `id: ${id}\nevent: change\ndata: ${JSON.stringify(change)}\n\n`;

function refuse(answer: ServerResponse, status: number, code: string, message: string, headers = {}): void {
  answer.writeHead(status, { "content-type": "application/json", ...headers });
  answer.end(JSON.stringify({ error: { code, message } }));
}

function countsOf(all: readonly { readonly state: string }[]): Record<string, number> {
  return sumOf(all.map(({ state }) => ({ [state]: 1 })));
}

function sumOf(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const one of all) for (const [name, count] of Object.entries(one)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

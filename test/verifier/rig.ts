/** A verifier for tests, in this process, with people, and with nodes that are enrolled before it starts. */
import type { KeyObject } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { insertNode } from "../../packages/verifier/src/store/nodes.ts";
import { openStore } from "../../packages/verifier/src/store/store.ts";
import { type RunningVerifier, startVerifier } from "../../packages/verifier/src/serve/index.ts";
import type { Result } from "../../packages/verifier/src/http/model.ts";
import type { SoftwareNode, Told } from "./software-node.ts";

export const ADMIN = "admin-token-0123456789";
export const VIEWER = "viewer-token-0123456789";
export const OPERATOR = "operator-token-0123456789";

const DIGEST = (byte: number) => Buffer.alloc(32, byte).toString("hex");

/** Accepts the samples of `samples.ts` as they are. */
export const samplePolicy = (more: object = {}) => ({
  policy: 1,
  name: "default",
  version: 1,
  ledger: "if-there",
  canisters: [{ label: "*", register: "if-there" }],
  ...more,
});
const sampleReferences = (more: object = {}) => ({
  references: 1,
  contours: [{ name: "web", contour: DIGEST(4), state: DIGEST(5) }],
  ...more,
});

export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

type Nodes = readonly (SoftwareNode | readonly [SoftwareNode, string, Readonly<Record<string, string>>?])[];

export class Rig {
  readonly place = mkdtempSync(join(tmpdir(), "isoline-verifier-"));
  readonly failures: unknown[] = [];
  readonly noted: string[] = [];
  /** Receivers of changes that did not take what was sent, each time. */
  readonly unsent: string[] = [];
  #running: RunningVerifier | undefined;
  #address: string | undefined;

  constructor() {
    mkdirSync(join(this.place, "trust"), { mode: 0o700 });
    const lines = [`ann admin * ${ADMIN}`, `vic viewer acme ${VIEWER}`, `ola operator acme ${OPERATOR}`];
    writeFileSync(join(this.place, "tokens"), `${lines.join("\n")}\n`, { mode: 0o600 });
  }

  get database(): string {
    return `pglite:${join(this.place, "store")}`;
  }

  configuration(more: object = {}): Record<string, unknown> {
    return {
      listen: "127.0.0.1:0",
      database: this.database,
      keys: join(this.place, "keys"),
      trust: join(this.place, "trust"),
      people: { tokens: join(this.place, "tokens") },
      limits: { person: 10_000, stranger: 10_000 },
      ...more,
    };
  }

  /** Before it starts: contours that this key signs count. */
  trustsSigner(key: KeyObject): void {
    this.#trusts("contour-signers", key);
  }

  /** Before it starts: policies and reference values need a signature by this key. */
  trustsPolicySigner(key: KeyObject): void {
    this.#trusts("policy-signers", key);
  }

  #trusts(folder: string, key: KeyObject): void {
    mkdirSync(join(this.place, "trust", folder), { mode: 0o700 });
    const pem = String(key.export({ type: "spki", format: "pem" }));
    writeFileSync(join(this.place, "trust", folder, "owner.pub"), pem, { mode: 0o600 });
  }

  async enrol(nodes: Nodes, database = this.database): Promise<void> {
    const store = await openStore(database);
    for (const one of nodes) {
      const [node, tenant, labels] = "evidence" in one ? [one, "acme", {}] : one;
      await insertNode(store.db, node.row(tenant, labels));
    }
    await store.close();
  }

  async start(more: object = {}): Promise<void> {
    const configuration = this.configuration(more);
    this.#running = await startVerifier({
      configuration,
      version: "0.1.0",
      failed: (fault) => this.failures.push(fault),
      noted: (line) => this.noted.push(line),
      unsent: (receiver) => this.unsent.push(receiver),
    });
    this.#address = this.#running.address;
  }

  /** Talks to a verifier that runs elsewhere. */
  at(address: string): void {
    this.#address = address;
  }

  get address(): string {
    return this.#address as string;
  }

  get earPublic(): string {
    return this.#running?.earPublic as string;
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.place, { recursive: true, force: true });
  }

  async call<T>(
    method: string,
    path: string,
    {
      token = ADMIN,
      body,
      headers = {},
    }: { token?: string | undefined; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer<T>> {
    const isFile = body instanceof Uint8Array || typeof body === "string";
    const answer = await fetch(this.address + path, {
      method,
      headers: {
        ...(token !== "" && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "content-type": isFile ? "application/octet-stream" : "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: isFile ? (body as string) : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get("content-type")?.startsWith("application/json") ?? false;
    return { status: answer.status, headers: answer.headers, body: (isJson ? JSON.parse(text) : text) as T };
  }

  get<T>(path: string, token = ADMIN): Promise<Answer<T>> {
    return this.call("GET", path, { token });
  }

  async rules(policy: object = samplePolicy(), references: object = sampleReferences()): Promise<void> {
    for (const [path, file] of [
      ["/v1/references/all", references],
      ["/v1/policies/default", policy],
    ] as const) {
      const { status, body } = await this.call("PUT", path, { body: JSON.stringify(file) });
      if (status !== 204) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
    }
  }

  async challenge(node: SoftwareNode): Promise<string> {
    const { status, body } = await this.askChallenge(node);
    if (status !== 200) throw new Error(`challenge: ${status} ${JSON.stringify(body)}`);
    return body.challenge;
  }

  askChallenge(node: SoftwareNode): Promise<Answer<{ challenge: string }>> {
    return this.get(`/v1/nodes/${node.name}/challenge`, node.token);
  }

  send<T = Result>(node: SoftwareNode, challenge: string, evidence: Uint8Array, as = ""): Promise<Answer<T>> {
    const headers = { "isoline-challenge": challenge, "content-type": "application/cbor" };
    return this.call<T>("POST", `/v1/nodes/${node.name}/attestations${as}`, {
      token: node.token,
      body: evidence,
      headers,
    });
  }

  /** A challenge, and the evidence for it; the refusal of the challenge, where the node was revoked. */
  async attest<T = Result>(node: SoftwareNode, told: Told = {}): Promise<Answer<T>> {
    const asked = await this.askChallenge(node);
    if (asked.status === 403) return asked as unknown as Answer<T>;
    const challenge = asked.status === 200 ? asked.body.challenge : await this.challenge(node);
    return this.send<T>(node, challenge, node.evidence(Buffer.from(challenge, "hex"), told));
  }
}

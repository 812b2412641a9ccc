/** What every route has at hand, and who is asking. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Context } from "hono";
import {
  assertRole,
  callerPlace,
  keyOf,
  type Limits,
  type Login,
  type Person,
  type Recognise,
  type Role,
  TokenExpired,
} from "../access/index.ts";
import { VerifierError } from "../error.ts";
import { type Fleet, type OwnedNode, tokenDigest } from "../fleet/index.ts";
import { findNode, type State, wasRevoked } from "../store/index.ts";
import type { AtOnce } from "./at-once.ts";
import type { BytesAtOnce, Payer } from "./bytes-at-once.ts";
import { nodeNameIn } from "./certified-name.ts";
import type { Metrics } from "./metrics.ts";

/** What a cluster's pods are admitted by. */
export interface AdmissionPolicy {
  /** Namespaces whose pods are not looked at. */
  readonly exempt: readonly string[];
  /** A pod must be of one of these. */
  readonly runtimeClasses: readonly string[];
  /** Undefined: every caller is answered. */
  readonly token: string | undefined;
}

export interface Door {
  readonly fleet: Fleet;
  readonly metrics: Metrics;
  /** Each is asked in turn. */
  readonly people: readonly Recognise[];
  /** Undefined: the page signs in by tokens alone. */
  readonly login: Login | undefined;
  /** Whether agents prove themselves with a certificate; otherwise with a token. */
  readonly certificates: boolean;
  /** Undefined: no pods are admitted here. */
  readonly admission: AdmissionPolicy | undefined;
  readonly limits: { readonly person: Limits; readonly tenant: Limits; readonly stranger: Limits };
  /** Requests that bring something, of each caller: with at most two megabytes, or with more. */
  readonly bringing: Readonly<Record<"small" | "large", AtOnce>>;
  /** Answers of many megabytes, of each person. */
  readonly answering: AtOnce;
  /** Of each tenant, of its people and of its nodes, and of each address that strangers ask from. */
  readonly bytes: BytesAtOnce;
  /** Of answers that are not read yet, of the same. */
  readonly answers: BytesAtOnce;
}

export interface Env {
  readonly Bindings: { readonly incoming?: IncomingMessage; readonly outgoing?: ServerResponse };
  /** Who is behind this request, once that is known: they are counted once. */
  readonly Variables: { person?: Person; node?: ProvenNode };
}

const NODE_TOKEN = /^isn~([A-Za-z0-9][A-Za-z0-9_.-]{0,62})~[A-Za-z0-9_-]{43}$/;
/** The person behind a request, who must have this role at least. */
export async function personOf(c: Context<Env>, door: Door, least: Role): Promise<Person> {
  const person = c.get("person") ?? (await counted(c, door));
  assertRole(person, least);
  return person;
}

async function counted(c: Context<Env>, door: Door): Promise<Person> {
  const person = await recognised(c, door);
  if (person === undefined) throw stranger(c, door, "a token of a person");
  door.limits.person.count(keyOf(person));
  c.set("person", person);
  return person;
}

/** Undefined where no person is behind a request. */
export async function recognised(c: Context<Env>, { people, limits }: Door): Promise<Person | undefined> {
  const token = bearer(c);
  if (token === undefined || NODE_TOKEN.test(token)) return undefined;
  for (const recognise of people) {
    const person = await recognise(token).catch((fault: unknown) => {
      // Also where the provider does not answer: each token would be a question to it.
      if (fault instanceof TokenExpired || isUnreachable(fault)) limits.stranger.count(addressOf(c));
      throw fault;
    });
    if (person !== undefined) return person;
  }
  return undefined;
}

const isUnreachable = (fault: unknown) => fault instanceof VerifierError && fault.code === "provider-unreachable";

/** Who a node is. */
interface ProvenNode {
  readonly name: string;
  readonly id: string;
  readonly tenant: string;
  readonly state: State;
}

/** The node behind a request, proven; nothing is taken over for it. One that is revoked is refused, whatever it asks for. */
export async function provenNode(c: Context<Env>, door: Door, name?: string): Promise<ProvenNode> {
  const known = c.get("node") ?? (await countedNode(c, door));
  if (name !== undefined && name !== known.name)
    throw new VerifierError("not-allowed", `expected node ${name}, got ${known.name}; a node speaks for itself alone`);
  if (known.state === "revoked") throw wasRevoked(known.name);
  return known;
}

async function countedNode(c: Context<Env>, door: Door): Promise<ProvenNode> {
  const { fleet, limits } = door;
  const told = door.certificates ? certified(c, door) : (NODE_TOKEN.exec(bearer(c) ?? "")?.[1] ?? "");
  const present = fleet.ownership.present(told);
  // A stranger makes up as many names as it likes, and each is a question to the database.
  if (present === undefined) limits.stranger.assertLeft(addressOf(c));
  const known = present ?? (told === "" ? undefined : await findNode(fleet.store.db, told));
  if (known === undefined || (!door.certificates && known.token !== tokenDigest(bearer(c) ?? "")))
    throw stranger(c, door, door.certificates ? "the certificate of an enrolled node" : "the token of a node");
  limits.tenant.count(known.tenant);
  c.set("node", known);
  return known;
}

/** The node behind a request, which this verifier owns from then on. Only a proven one is taken over. */
export async function agentOf(c: Context<Env>, door: Door, name: string): Promise<OwnedNode> {
  const proven = await provenNode(c, door, name);
  const node = await door.fleet.ownership.take(proven.name);
  // Between the two, it may have been enrolled anew, with another token.
  if (node === undefined || node.id !== proven.id) throw stranger(c, door, "an enrolled node");
  return node;
}

function certified(c: Context<Env>, door: Door): string {
  const socket = c.env.incoming?.socket as TLSSocket | undefined;
  const certificate = socket?.authorized === true ? socket.getPeerCertificate() : undefined;
  // One that took up an earlier session again may be authorised without a certificate.
  const name = certificate?.raw === undefined ? undefined : nodeNameIn(certificate);
  if (name === undefined) throw stranger(c, door, "a client certificate by an authority that is trusted here");
  // TLS looks at it when a connection begins, and not when one goes on, or an earlier session is taken up again.
  const end = certificate?.valid_to ?? "";
  if (!(Date.parse(end) > Date.now()))
    throw stranger(c, door, "a client certificate that is still valid", `one up to ${end}`);
  return name;
}

/** A refusal that strangers get so often only; the limit is by address. */
function stranger(c: Context<Env>, { limits }: Door, expected: string, got = "none that is known"): VerifierError {
  limits.stranger.count(addressOf(c));
  return new VerifierError("unknown-caller", `expected ${expected}, got ${got}; see docs/verifier.md`);
}

/**
 * Who pays for the memory that a body or an answer takes. People of a tenant do not share with its nodes: stolen tokens of nodes would
 * keep its operators from revoking them.
 */
export function payerOf(c: Context<Env>): Payer {
  const [node, person] = [c.get("node"), c.get("person")];
  if (node !== undefined) return { all: `nodes of ${node.tenant}`, one: `node ${node.name}` };
  if (person !== undefined) return { all: `people of ${person.tenant ?? "*"}`, one: `person ${keyOf(person)}` };
  return { all: `address ${addressOf(c)}` };
}

/** Where a stranger asks from. */
export const addressOf = (c: Context<Env>): string => callerPlace(c.env.incoming?.socket.remoteAddress ?? "unknown");

function bearer(c: Context<Env>): string | undefined {
  const header = c.req.header("authorization") ?? "";
  return header.startsWith("Bearer ") && header.length < 16_384 ? header.slice("Bearer ".length).trim() : undefined;
}

/** Which tenant's things a person sees; undefined: all. What is asked for must be within what may be seen. */
export function tenantFor(person: Person, asked: string | undefined): string | undefined {
  if (person.tenant !== undefined && asked !== undefined && asked !== person.tenant)
    throw new VerifierError("not-allowed", `expected tenant ${person.tenant}, got ${asked}; leave it out`);
  return person.tenant ?? asked;
}

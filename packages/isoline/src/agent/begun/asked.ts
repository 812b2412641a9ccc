/** What may be asked of a namespace that a process began for itself: reading, and what can be done once. */
import { within } from "../../control/http.ts";
import { CliError } from "../../error.ts";
import type { Namespace } from "../../namespace/namespace.ts";
import type { Plan } from "../../namespace/plan.ts";
import type { Reply, Request } from "../../namespace/requests.ts";
import { type BegunName, type BegunState, MOST_CONTOUR_BYTES } from "./words.ts";

export interface Begun {
  /** Of the process that began it. */
  readonly uid: number;
  readonly name: string;
  /** For display. */
  readonly command: string;
  readonly namespace: Namespace;
  /** Whether a policy was set, or it was sealed without one. */
  isSealed: boolean;
  /** It learns until it is sealed. */
  mode: Plan["mode"];
}

/** The learning of it ends, by whatever request. */
export function noteSealed(begun: Begun): void {
  begun.isSealed = true;
  if (begun.mode === "learn") begun.mode = "watch";
}

const ANSWER_MS = 5000;
/** Bytes of a measurement list as text. */
const MOST_LIST_BYTES = 4 * 1024 * 1024;

export async function stateOf({ uid, name, command, namespace, isSealed }: Begun): Promise<BegunState> {
  const [snapshot, contour, policy, counts] = await Promise.all([
    told(namespace, { ask: "snapshot" }),
    told(namespace, { ask: "contour" }),
    told(namespace, { ask: "ima-policy" }),
    told(namespace, { ask: "ima-counts" }),
  ]);
  const { mode, events, off, refused, processes, incomplete } = snapshot;
  return {
    isoline: 1,
    ...{ name, user: uid, pid: namespace.first.pid, mode, command, contour, policy },
    sealed: isSealed,
    measured: counts.entries,
    violations: counts.violations,
    ...{ events, off, refused, processes, incomplete },
  };
}

/** One that does not answer in time is listed all the same. */
export async function nameOf({ uid, name, command, namespace }: Begun): Promise<BegunName> {
  const snapshot = await within(ANSWER_MS, namespace.ask({ ask: "snapshot" }));
  return { name, user: uid, pid: namespace.first.pid, mode: snapshot?.mode ?? "silent", command };
}

/** Sets its IMA policy, once; the number of rules. A text with an error is refused, and another one may follow. */
export async function setPolicy(begun: Begun, policy: string): Promise<number> {
  if (begun.isSealed) throw sealed(begun);
  const loaded = await told(begun.namespace, { ask: "load-ima-policy", text: policy });
  if ("refused" in loaded) {
    if (loaded.refused === "sealed") throw sealed(begun);
    throw new CliError("agent-refused", loaded.message);
  }
  begun.isSealed = true;
  return loaded.rules;
}

/** Its measurement list in the kernel's form for reading, with digests of SHA-256. */
export async function listed({ name, namespace }: Begun): Promise<string> {
  const list = await told(namespace, { ask: "ima-list", form: "ascii", bank: "sha256", most: MOST_LIST_BYTES });
  if (list !== null) return Buffer.from(list).toString("utf8");
  throw new CliError(
    "agent-refused",
    `the measurement list of ${name} has more than ${MOST_LIST_BYTES} bytes, and is not told; measure less`,
  );
}

/** Its contour as a file, as far as it has come. */
export async function contourOf({ name, namespace }: Begun): Promise<string> {
  const text = await told(namespace, { ask: "contour-text", most: MOST_CONTOUR_BYTES });
  if (text !== null) return text;
  throw new CliError(
    "agent-refused",
    `the contour of ${name} has more than ${MOST_CONTOUR_BYTES} characters, and is not told; learn it with isoline learn`,
  );
}

async function told<R extends Request>(namespace: Namespace, request: R): Promise<Reply<R>> {
  const reply = await within(ANSWER_MS, namespace.ask(request));
  if (reply === undefined) throw new CliError("namespace-lost", "the namespace has ended, or does not answer");
  return reply as Reply<R>;
}

function sealed({ name }: Begun): CliError {
  return new CliError(
    "agent-refused",
    `${name} is sealed: it has its policy, or was sealed without one, and takes no other`,
  );
}

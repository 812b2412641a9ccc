/** What the supervisors of this host say of their namespaces, as canister bodies. */
import type { CanisterBody } from "@isoline/attest/evidence";
import { IsolineError } from "@isoline/core/error";
import type { ControlClient } from "../../control/client.ts";
import { begunNamespaces, liveNamespaces } from "../../control/directory.ts";
import { within } from "../../control/http.ts";
import type { Attested } from "../../control/protocol.ts";
import type { Bond } from "../../namespace/model.ts";
import { signatureThere } from "../../store/signature/in-use.ts";
import { begunGuarantee, guaranteeOf } from "./guarantee.ts";

type Body = Omit<CanisterBody, "type">;

export interface Canisters {
  readonly bodies: readonly Body[];
  /** Namespaces that could not be asked, one line each. */
  readonly losses: readonly string[];
}

const MODES = { learn: "learning", watch: "watching", enforce: "enforcing" } as const;
const MOST_REASONS = 64;
const MOST_REASON = 480;
/**
 * A supervising thread that hashes a file of many gigabytes, which a workload executes, answers once it has. Who waited in vain for as long
 * as the first of these, and was not refused, asks again; all together until the second is over.
 */
const WAITED_MS = 4000;
const BUSY_MS = 20_000;
/** What a process began for itself does not delay the evidence of the node for longer. */
const BEGUN_MS = 2000;

/** Until when supervisors that are busy are asked again for evidence that is begun now, however often it is made anew. */
export const untilAnswered = (): number => performance.now() + BUSY_MS;

/**
 * Asks every live namespace of this user, and what processes began for themselves at this user's agent. Of the latter, one that does not
 * answer is told of all the same: its user must not be able to make the evidence of the node incomplete. Of the others, one that ends
 * meanwhile is passed over; one that does not answer is a loss. So is one that says that it has not begun, unless a ledger is read after
 * this, which tells of its birth. Those that are busy are asked again until `until`, by `performance.now()`.
 */
export async function canistersHere(
  bond: Bond | undefined,
  readsLedger = false,
  until = untilAnswered(),
): Promise<Canisters> {
  const bodies: Body[] = [];
  const losses: string[] = [];
  for (const client of await liveNamespaces()) {
    const told = await askedUntil(until, () => askedOf(client, bond, readsLedger));
    if (typeof told === "string") losses.push(told);
    // A namespace in another directory of this user may have the same name.
    else if (told !== undefined && bodies.some(({ label }) => label === told.name))
      losses.push("two live namespaces have the same name, and only one of them is told of");
    else if (told !== undefined) bodies.push(bodyOf(told, bond, guaranteeOf(told)));
  }
  bodies.push(...(await begunHere(bond)));
  return { bodies, losses };
}

/** All at once, so that those that do not answer are waited for once. The label of each is the name of one socket in one directory. */
async function begunHere(bond: Bond | undefined): Promise<readonly Body[]> {
  const told = await Promise.all(
    (await begunNamespaces()).map(async (client) => {
      const asked = askedOf(client, bond, false).then((answer) => ({ answer }));
      const { answer } = (await within(BEGUN_MS, asked)) ?? { answer: "it is busy" };
      return typeof answer === "string" ? untold(client.name) : answer && bodyOf(answer, bond, begunGuarantee(answer));
    }),
  );
  const found = told.filter((body) => body !== undefined);
  return found.filter(({ label }, at) => found.findIndex((other) => other.label === label) === at);
}

async function askedUntil<T>(until: number, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    const began = performance.now();
    const told = await ask();
    const now = performance.now();
    if (typeof told !== "string" || now - began < WAITED_MS || now >= until) return told;
  }
}

async function askedOf(
  client: ControlClient,
  bond: Bond | undefined,
  readsLedger: boolean,
): Promise<Attested | string | undefined> {
  try {
    const told = await client.attest(bond);
    return told ?? (readsLedger ? undefined : "a live namespace has not begun yet");
  } catch (fault) {
    // The message may have the name in it, and every tenant reads the node body.
    const why = fault instanceof IsolineError ? ` (${fault.code})` : "";
    return (await client.isLive()) ? `a live namespace did not answer${why}; isoline ps shows which` : undefined;
  }
}

/** Whose supervising thread did not answer: the least that can be said of it. */
function untold(label: string): Body {
  return {
    ...{
      label,
      profile: "iso1",
      mode: "learning",
      sealed: false,
      sensor: "seccomp",
      guarantee: "none: it did not answer",
    },
    ...{ state: new Uint8Array(32), measurement: new Uint8Array(32), points: 0, started: 0 },
    counters: { events: 0, departures: 0, refused: 0, lost: 1, untrusted: 0 },
    incomplete: ["a process began it for itself, and its supervising thread did not answer: nothing is known of it"],
  };
}

function bodyOf(told: Attested, bond: Bond | undefined, guarantee: string): Body {
  const { name, image, contour, mode, incomplete, bound, register } = told;
  const reasons = incomplete.map(({ reason, count }) => `${bounded(reason)} (${count} times)`);
  const more = reasons.length > MOST_REASONS ? [`and ${reasons.length - MOST_REASONS + 1} more reasons`] : [];
  return {
    label: name,
    ...(image === null ? {} : { image }),
    ...(contour?.digest ? { contour: bytes(contour.digest), ...signatureOf(told) } : {}),
    profile: told.profile,
    mode: MODES[mode],
    sealed: mode !== "learn",
    sensor: told.sensor,
    guarantee,
    state: bytes(told.state),
    measurement: bytes(told.measurement),
    points: told.points,
    ...(bound === null || bond === undefined
      ? {}
      : { bound: { aggregate: bytes(bond.aggregate), state: bytes(bound) } }),
    counters: told.counters,
    incomplete: [...reasons.slice(0, MOST_REASONS - more.length), ...more],
    ...(register === null ? {} : { register: { name: bytes(register.name), birth: register.birth } }),
    started: Date.parse(told.started),
  };
}

/**
 * It vouches for itself, so a wrong one is the verifier's to refuse; none is a contour that was not signed. A supervisor of an earlier
 * isoline does not tell it: then it is the one beside the contour, if that is of the contour in force.
 */
function signatureOf({ contour, signature }: Attested): Pick<Body, "signature"> {
  const { path, digest } = contour ?? { digest: null };
  if (path === undefined || digest === null || signature === null) return {};
  const bytes = signature === undefined ? signatureThere({ path, digest }) : Buffer.from(signature, "base64");
  return bytes === undefined ? {} : { signature: Uint8Array.from(bytes) };
}

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

/** At most so many letters, and none of them half. */
const bounded = (text: string): string => Buffer.from(text.slice(0, MOST_REASON)).toString();

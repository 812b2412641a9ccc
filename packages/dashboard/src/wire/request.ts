/** Requests to the verifier that served this page, and to no other host. */
import { Fault, faultOf, sayFault } from "./fault.ts";
import { authorization, signOut } from "./session.ts";
import { hearDate } from "./verifier-clock.ts";

const TRIES = 3;
const LONGEST_WAIT = 20;
const LONGEST_BACK_OFF = 30;
/** Seconds until a question is given up: one that is never answered would leave what was read before as if it were of now. */
const LONGEST_QUESTION = 30;

/** The address of an API path below the page, so that the page also works behind a path of a proxy. */
export function addressOf(
  path: string,
  query: Readonly<Record<string, string | readonly string[] | undefined>> = {},
): URL {
  const address = new URL(`v1/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query))
    for (const each of [value ?? []].flat()) address.searchParams.append(name, each);
  return address;
}

/** A path of the API; every part is encoded. */
export const pathOf = (...parts: readonly string[]): string => parts.map(encodeURIComponent).join("/");

/** Reads something, each time in at most 30 s. A busy verifier is asked again, at most twice, when it says so. */
export async function read<T>(
  path: string,
  query: Readonly<Record<string, string | readonly string[] | undefined>>,
  ending: AbortSignal,
): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return (await inTime((either) => ask("GET", addressOf(path, query), either), ending)) as T;
    } catch (fault) {
      if (!(fault instanceof Fault) || fault.kind !== "busy" || tried === TRIES) throw fault;
      await pause(Math.min(fault.retryAfter ?? tried, LONGEST_WAIT), ending);
    }
  }
}

async function inTime<T>(question: (either: AbortSignal) => Promise<T>, ending: AbortSignal): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), LONGEST_QUESTION * 1000);
  try {
    return await question(AbortSignal.any([ending, late.signal]));
  } catch (fault) {
    if (!late.signal.aborted || ending.aborted) throw fault;
    throw new Fault(
      "unreachable",
      `Expected an answer of the verifier within ${LONGEST_QUESTION} s, got none. It is slow, or too many tabs of it are open: close some.`,
    );
  } finally {
    clearTimeout(timer);
  }
}

/** Sends a file, and reads the answer. */
export async function send<T>(path: string, file: string, ending: AbortSignal): Promise<T> {
  return (await ask("POST", addressOf(path), ending, { type: "application/octet-stream", text: file })) as T;
}

/** Sends a document, and reads the answer. */
export async function post<T>(path: string, document: object, ending: AbortSignal): Promise<T> {
  const text = JSON.stringify(document);
  return (await ask("POST", addressOf(path), ending, { type: "application/json", text })) as T;
}

interface Body {
  readonly type: string;
  readonly text: string;
}

async function ask(method: string, address: URL, ending: AbortSignal, body?: Body): Promise<unknown> {
  const answer = await reach(address, ending, {
    method,
    ...(body === undefined ? {} : { body: body.text }),
    headers: { accept: "application/json", ...(body === undefined ? {} : { "content-type": body.type }) },
  });
  try {
    return await answer.json();
  } catch (fault) {
    if (ending.aborted) throw fault;
    throw new Fault("damaged", "Expected JSON from the verifier, got something else; is a proxy between?");
  }
}

/** Any request: with the token, without cookies, following no redirect. Gives an answer that is a success. */
export async function reach(address: URL, ending: AbortSignal, options: RequestInit): Promise<Response> {
  let answer: Response;
  const asked = Date.now();
  try {
    answer = await fetch(address, {
      ...options,
      headers: { ...(options.headers as Record<string, string>), ...authorization() },
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: ending,
    });
  } catch (fault) {
    if (ending.aborted) throw fault;
    throw new Fault("unreachable", `The verifier cannot be reached: ${sayFault(fault)}.`);
  }
  hearDate(answer.headers.get("date"), asked, Date.now());
  if (answer.ok) return answer;
  const said: unknown = await answer.json().catch(() => undefined);
  if (ending.aborted) throw ending.reason as Error;
  const fault = faultOf(answer.status, said, answer.headers.get("retry-after"));
  if (fault.kind === "sign-in") signOut(fault.message);
  throw fault;
}

/**
 * Seconds to wait after so many failures in a row. With chance in it, so that not every page asks a verifier at once that comes back.
 */
export const backOff = (failures: number): number =>
  Math.min(LONGEST_BACK_OFF, 2 ** failures / 2) * (0.5 + Math.random() / 2);

/** Waits, or throws the signal's reason. */
export function pause(seconds: number, ending: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (ending.aborted) return reject(ending.reason as Error);
    const end = () => {
      clearTimeout(timer);
      reject(ending.reason as Error);
    };
    const timer = setTimeout(() => {
      // A signal lasts as long as the page: what listens to it would be kept of every pause.
      ending.removeEventListener("abort", end);
      resolve();
    }, seconds * 1000);
    ending.addEventListener("abort", end, { once: true });
  });
}

/**
 * The integrity view over the control socket, under the names that the kernel uses in securityfs:
 *
 *   GET  /ima/policy                                      the rules, one a line
 *   POST /ima/policy                                      sets them, once
 *   POST /ima/critical_data?label=LABEL&event=NAME        measures the body, if a rule says so
 *   GET  /ima/{ascii,binary}_runtime_measurements[_BANK]  the list; sha1 without a bank
 *   GET  /ima/runtime_measurements_count, /ima/violations
 */
import { isBank } from "../integrity/hash-algorithms.ts";
import type { Ask, BufferMeasured, PolicyLoaded } from "../namespace/requests.ts";

/** A policy, and data to be measured, may be longer than other requests. */
export const MOST_BODY_BYTES = 64 * 1024;
/** A list that is full has fewer, in every form. */
const MOST_LIST_BYTES = 256 * 1024 * 1024;

const POLICY = "/ima/policy";
const CRITICAL_DATA = "/ima/critical_data";
const COUNT = "/ima/runtime_measurements_count";
const VIOLATIONS = "/ima/violations";

/** Whether a request may have a body of this length. */
export function hasLongBody(url: string): boolean {
  const path = url.replace(/\?.*/, "");
  return path === POLICY || path === CRITICAL_DATA;
}

const LIST = /^\/ima\/(ascii|binary)_runtime_measurements(?:_(sha\d+))?$/;

/** The answer: bytes, or a refusal. */
export type IntegrityAnswer =
  | { readonly status: 200; readonly type: "text/plain" | "application/octet-stream"; readonly bytes: Uint8Array }
  | { readonly status: 400 | 409; readonly code: string; readonly message: string };

/** Asks the namespace and answers; undefined if the namespace has ended. */
export type IntegrityRoute = (ask: Ask) => Promise<IntegrityAnswer | undefined>;

/** The function that answers a path; undefined for any other path. */
export function integrityRoute(method: string, url: URL, body: Buffer): IntegrityRoute | undefined {
  const { pathname: path, searchParams } = url;
  if (method === "POST" && path === CRITICAL_DATA) {
    const label = searchParams.get("label") ?? "";
    const event = searchParams.get("event") ?? "";
    return (ask) => told(ask({ ask: "measure-critical-data", label, event, data: body }), measured);
  }
  if (method === "POST" && path === POLICY)
    return (ask) => told(ask({ ask: "load-ima-policy", text: body.toString("utf8") }), loaded);
  if (method !== "GET") return undefined;
  if (path === POLICY) return (ask) => told(ask({ ask: "ima-policy" }), text);
  if (path === COUNT) return (ask) => told(ask({ ask: "ima-counts" }), ({ entries }) => text(`${entries}\n`));
  if (path === VIOLATIONS)
    return (ask) => told(ask({ ask: "ima-counts" }), ({ violations }) => text(`${violations}\n`));
  const [, form, bank = "sha1"] = LIST.exec(path) ?? [];
  if ((form !== "ascii" && form !== "binary") || !isBank(bank)) return undefined;
  const type = form === "ascii" ? "text/plain" : "application/octet-stream";
  return (ask) =>
    told(ask({ ask: "ima-list", form, bank, most: MOST_LIST_BYTES }), (bytes) =>
      bytes === null
        ? { status: 409, code: "full", message: `expected a list of at most ${MOST_LIST_BYTES} bytes; measure less` }
        : { status: 200, type, bytes },
    );
}

async function told<T>(reply: Promise<T | undefined>, form: (reply: T) => IntegrityAnswer) {
  const value = await reply;
  return value === undefined ? undefined : form(value);
}

function measured(reply: BufferMeasured): IntegrityAnswer {
  if ("register" in reply) return text(`register ${reply.register}\n`);
  return { status: reply.refused === "usage" ? 400 : 409, code: reply.refused, message: reply.message };
}

function loaded(reply: PolicyLoaded): IntegrityAnswer {
  if ("rules" in reply) return text(`${reply.rules} rules\n`);
  return { status: reply.refused === "bad-ima-policy" ? 400 : 409, code: reply.refused, message: reply.message };
}

function text(content: string): IntegrityAnswer {
  return { status: 200, type: "text/plain", bytes: Buffer.from(content, "utf8") };
}

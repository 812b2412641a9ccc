/**
 * The integrity view over the control socket, under the names the kernel has in securityfs:
 *
 *   GET  /ima/policy                                      the rules, one a line
 *   POST /ima/policy                                      takes them, once
 *   POST /ima/critical_data?label=LABEL&event=NAME        measures the body, if a rule says so
 *   GET  /ima/{ascii,binary}_runtime_measurements[_BANK]  the list; sha1 without a bank
 *   GET  /ima/runtime_measurements_count, /ima/violations
 */
import { isBank } from "../integrity/hash-algorithms.ts";
import type { BufferMeasured, IntegrityRequest, PolicyLoaded } from "../namespace/messages.ts";

/** A policy, and what is to be measured, may be somewhat longer than the other requests. */
export const MOST_BODY_BYTES = 64 * 1024;

const POLICY = "/ima/policy";
const CRITICAL_DATA = "/ima/critical_data";

/** Whether a request may have so long a body. */
export function hasLongBody(url: string): boolean {
  const path = url.replace(/\?.*/, "");
  return path === POLICY || path === CRITICAL_DATA;
}

const LIST = /^\/ima\/(ascii|binary)_runtime_measurements(?:_(sha\d+))?$/;

/** What is answered: bytes as they are, or a refusal. */
export type IntegrityAnswer =
  | { readonly status: 200; readonly type: "text/plain" | "application/octet-stream"; readonly bytes: Uint8Array }
  | { readonly status: 400 | 409; readonly code: string; readonly message: string };

/** What to ask the namespace for a path; undefined for a path that is not one of these. */
export function integrityRequest(method: string, url: URL, body: Buffer): IntegrityRequest | undefined {
  const { pathname: path, searchParams } = url;
  if (method === "POST" && path === CRITICAL_DATA) {
    const [label = "", event = ""] = ["label", "event"].map((name) => searchParams.get(name) ?? "");
    return { ask: "measure-critical-data", label, event, data: body };
  }
  if (method === "POST") return path === POLICY ? { ask: "load-ima-policy", text: body.toString("utf8") } : undefined;
  if (method !== "GET") return undefined;
  if (path === POLICY) return { ask: "ima-policy" };
  if (path === "/ima/runtime_measurements_count" || path === "/ima/violations") return { ask: "ima-counts" };
  const [, form, bank = "sha1"] = LIST.exec(path) ?? [];
  return (form === "ascii" || form === "binary") && isBank(bank) ? { ask: "ima-list", form, bank } : undefined;
}

/** The namespace's answer as it is sent. */
export function integrityAnswer(request: IntegrityRequest, path: string, value: unknown): IntegrityAnswer {
  switch (request.ask) {
    case "ima-policy":
      return text(value as string);
    case "ima-list":
      return {
        status: 200,
        type: request.form === "ascii" ? "text/plain" : "application/octet-stream",
        bytes: value as Uint8Array,
      };
    case "ima-counts": {
      const { entries, violations } = value as { entries: number; violations: number };
      return text(`${path.endsWith("count") ? entries : violations}\n`);
    }
    case "measure-critical-data": {
      const measured = value as BufferMeasured;
      if ("register" in measured) return text(`register ${measured.register}\n`);
      return { status: measured.refused === "usage" ? 400 : 409, code: measured.refused, message: measured.message };
    }
    case "load-ima-policy": {
      const loaded = value as PolicyLoaded;
      if ("rules" in loaded) return text(`${loaded.rules} rules\n`);
      return { status: loaded.refused === "bad-ima-policy" ? 400 : 409, code: loaded.refused, message: loaded.message };
    }
  }
}

function text(content: string): IntegrityAnswer {
  return { status: 200, type: "text/plain", bytes: Buffer.from(content, "utf8") };
}

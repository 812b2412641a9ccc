/** Changes for a server of the operator's, signed as Standard Webhooks 1.0 says, so that its libraries check them. */
import { createHmac } from "node:crypto";
import { VerifierError } from "../error.ts";
import type { ChangeRow } from "../store/index.ts";
import { changeDocument } from "./document.ts";
import { NotTaken, type Receiver } from "./receiver.ts";

const PATIENCE_MS = 10_000;
const PREFIX = "whsec_";
const LEAST_SECRET_BYTES = 24;
/** What is said of a body, and not of who sends it, where to, or how often. */
const OF_BODIES: readonly number[] = [400, 413, 414, 415, 422];

/** The secret as the specification writes it, `whsec_` and base64; or any bytes. */
export function webhook(name: string, url: string, told: Uint8Array): Receiver {
  const text = Buffer.from(told).toString("latin1").trim();
  const secret = text.startsWith(PREFIX)
    ? Buffer.from(text.slice(PREFIX.length), "base64")
    : Buffer.from(text, "latin1");
  if (secret.length < LEAST_SECRET_BYTES)
    throw new VerifierError(
      "bad-configuration",
      `webhook ${name}: expected a secret of at least ${LEAST_SECRET_BYTES} bytes, got ${secret.length}; make one with openssl rand`,
    );
  return {
    name: `webhook ${name}`,
    send: async (rows, skipped) => {
      const changes = rows.map((row) => ({ id: row.id, tenant: row.tenant, ...changeDocument(row) }));
      const body = JSON.stringify({ type: "isoline.changes", changes, ...(skipped > 0 && { skipped }) });
      const answer = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", ...signatureOf(secret, idOf(rows), body, new Date()) },
        body,
        redirect: "error",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      await answer.body?.cancel();
      const Refusal = OF_BODIES.includes(answer.status) ? NotTaken : VerifierError;
      if (!answer.ok)
        throw new Refusal(
          "receiver-refused",
          `webhook ${name}: expected a status of 200 to 299, got ${answer.status}; see its log`,
        );
    },
  };
}

/** The same changes once more have the same id, so that a receiver knows them. After a failure there may be fewer of them. */
const idOf = (rows: readonly ChangeRow[]) => `changes-${rows[0]?.id ?? 0}-${rows.at(-1)?.id ?? 0}`;

function signatureOf(secret: Uint8Array, id: string, body: string, now: Date) {
  const time = Math.floor(now.getTime() / 1000).toString();
  const code = createHmac("sha256", secret).update(`${id}.${time}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": `v1,${code}` };
}

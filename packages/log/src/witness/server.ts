/** A witness behind HTTP. */
import { readAtMost } from "@isoline/core/bounded";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Answer, MOST_REQUEST, type Witness } from "./witness.ts";

const SLOWEST_MS = 10_000;
const MOST_CONNECTIONS = 256;

/** A server that answers for a witness; the caller listens, and closes it. */
export function serveWitness(witness: Witness): Server {
  const server = createServer(
    { requestTimeout: SLOWEST_MS, headersTimeout: SLOWEST_MS, maxHeaderSize: 8192 },
    (request, response) => {
      answerOf(witness, request).then(
        (answer) => send(response, answer),
        () => send(response, failed),
      );
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  return server;
}

async function answerOf(witness: Witness, request: IncomingMessage): Promise<Answer> {
  const [, originHash] = /^\/([0-9a-f]{64})\/checkpoint$/.exec(request.url ?? "") ?? [];
  if (request.method === "GET" && originHash !== undefined) return witness.latest(originHash);
  if (request.method !== "POST" || request.url !== "/add-checkpoint") return nothing;
  const body = await bodyOf(request);
  return body === undefined ? tooLong : witness.addCheckpoint(body);
}

/** Undefined if it is longer than any request, or not UTF-8. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const bytes = await readAtMost(request, MOST_REQUEST);
  try {
    return bytes && new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, { status, type, body }: Answer): void {
  // What is left of a request that is too long is not read.
  const headers = { "content-type": type, ...(status === tooLong.status ? { connection: "close" } : {}) };
  response.writeHead(status, headers).end(body);
}

const TEXT = "text/plain; charset=utf-8";
const nothing: Answer = { status: 404, type: TEXT, body: "expected POST /add-checkpoint or GET /HASH/checkpoint\n" };
const tooLong: Answer = { status: 413, type: TEXT, body: `expected at most ${MOST_REQUEST} bytes of UTF-8\n` };
const failed: Answer = {
  status: 500,
  type: TEXT,
  body: "this witness cannot keep what it signs, so it signs nothing\n",
};

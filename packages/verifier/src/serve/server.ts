/** The server: connections, their limits, and TLS. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Configuration } from "./configuration.ts";
import { Connections } from "./connections.ts";
import { readSecret, readTrusted } from "./secrets.ts";

/** How long a client is waited for, in milliseconds. */
export interface Patience {
  /** Until its headers are there; of TLS, until what comes before them is, as well. */
  readonly headers: number;
  /** Until its body is there. */
  readonly request: number;
  /** How often these two are looked at. */
  readonly check: number;
  /** While it reads none of its answer. */
  readonly unread: number;
}

const PATIENCE: Patience = { headers: 10_000, request: 60_000, check: 5_000, unread: 60_000 };
const KEEP_ALIVE_MS = 75_000;
const MOST_HEADER_BYTES = 32_768;

export interface Listening {
  /** `http://HOST:PORT` or `https://HOST:PORT`, as it was bound. */
  readonly address: string;
  /** Ends connections that wait, and after a while the others. */
  close(): Promise<void>;
}

type Fetch = Parameters<typeof getRequestListener>[0];

/** `noted` is told where there are as many connections as may be. */
export async function listen(
  fetch: Fetch,
  { listen: where, tls, limits: { connections: most } }: Configuration,
  noted: (line: string) => void,
  patience = PATIENCE,
): Promise<Listening> {
  const handler = getRequestListener(fetch);
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    // It comes as well while an answer is being made: then nothing waits to be read.
    response.on("timeout", (socket: Socket) => {
      if (socket.writableLength > 0) socket.destroy();
    });
    void handler(request, response);
  };
  const limits = {
    maxHeaderSize: MOST_HEADER_BYTES,
    headersTimeout: patience.headers,
    requestTimeout: patience.request,
    connectionsCheckingInterval: patience.check,
  };
  const server: Server =
    tls === undefined
      ? createServer(limits, answer)
      : createSecureServer(
          {
            ...limits,
            handshakeTimeout: patience.headers,
            cert: readTrusted(tls.certificate),
            key: readSecret(tls.key),
            minVersion: "TLSv1.2",
            // People and enrolments come without a certificate; the routes of agents look at it.
            ...(tls.clients !== undefined && {
              ca: readTrusted(tls.clients),
              requestCert: true,
              rejectUnauthorized: false,
            }),
          },
          answer,
        );
  server.timeout = patience.unread;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const connections = new Connections(most, noted);
  server.on("connection", (socket: Socket) => connections.take(socket));
  const [, host = "", port = ""] = /^\[?(.*?)\]?:(\d+)$/.exec(where) ?? [];
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(port), host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { address, port: bound, family } = server.address() as AddressInfo;
  const name = family === "IPv6" ? `[${address}]` : address;
  return {
    address: `${tls === undefined ? "http" : "https"}://${name}:${bound}`,
    close: () => closed(server),
  };
}

const GRACE_MS = 3_000;

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), GRACE_MS).unref();
  });
}

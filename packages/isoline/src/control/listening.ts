/** What the servers of both sockets have in common: bounds for clients, and how they begin and end to listen. */
import { chmodSync, closeSync, constants, openSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { lock } from "@isoline/linux";
import { CliError } from "../error.ts";
import { removeLeft } from "./liveness.ts";

/** For the turn among those who make a socket in the same directory. */
const TURN_MS = 5000;
const LOOK_EVERY_MS = 5;

/** What clients may do: how much it may say, how long it may take, and how many there may be. */
interface ClientLimits {
  readonly connections: number;
  readonly headerBytes: number;
  readonly requestMs: number;
  readonly idleMs: number;
}

/** A server that listens nowhere yet, and drops a client that exceeds a limit or speaks no HTTP. */
export function boundedServer(limits: ClientLimits, serve: RequestListener): Server {
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.requestMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: 1000,
    },
    serve,
  );
  server.maxConnections = limits.connections;
  server.on("clientError", (_fault, socket) => socket.destroy());
  return server;
}

/**
 * Makes the socket, for its owner only. One that a supervisor left behind when it was killed is replaced. Later errors of single
 * connections end nothing.
 */
export async function listening(server: Server, path: string): Promise<void> {
  await oneByOne(path, () => made(server, path)).catch((fault: NodeJS.ErrnoException) => {
    throw cannotListen(path, fault);
  });
  // Until here only the directory kept other users out. The umask is not changed: the workload inherits it.
  chmodSync(path, 0o600);
  server.on("error", () => {});
}

/**
 * Two that start together would both find the socket of a third that was killed, and the later one would remove that of the earlier. So
 * one after the other looks and makes its own. Any program of this user can hold the lock: after a while a supervisor goes on without.
 */
async function oneByOne(path: string, work: () => Promise<void>): Promise<void> {
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const until = performance.now() + TURN_MS;
    while (!lock(directory, 0) && performance.now() < until) await setTimeout(LOOK_EVERY_MS);
    await work();
  } finally {
    closeSync(directory);
  }
}

async function made(server: Server, path: string): Promise<void> {
  try {
    await begun(server, path);
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    if (code !== "EADDRINUSE" || !(await removeLeft(path))) throw fault;
    await begun(server, path);
  }
}

function begun(server: Server, path: string): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Removes the socket and ends its connections. */
export async function closed(server: Server, path: string): Promise<void> {
  rmSync(path, { force: true });
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function cannotListen(path: string, fault: NodeJS.ErrnoException): CliError {
  if (fault.code === "EADDRINUSE")
    return new CliError("name-taken", `${path} is there already; choose another --name`, { cause: fault });
  return new CliError("unsafe-place", `cannot make the socket ${path}: ${fault.message}`, { cause: fault });
}

/** The agent's socket: who may connect, and what each connection is about. */
import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { CliError } from "../error.ts";
import { ClientProcess } from "./client-process.ts";
import { Frames } from "./frames.ts";
import { MOST_ASKED, MOST_TOLD, VERSION } from "./words.ts";

/** A connection lives as long as its namespace. */
const MOST_CONNECTIONS = 4200;
/** A client says what it wants at once. */
const FIRST_FRAME_MS = 5000;

/** Takes a connection by its first frame. */
export type Takes = (order: unknown, client: ClientProcess, frames: Frames) => void;

export class AgentServer {
  readonly #path: string;
  readonly #server: Server;
  readonly #takes: Readonly<Record<string, Takes>>;

  private constructor(path: string, takes: Readonly<Record<string, Takes>>) {
    this.#path = path;
    this.#takes = takes;
    this.#server = createServer((socket) => this.#greet(socket));
    this.#server.maxConnections = MOST_CONNECTIONS;
  }

  /** Listens for root. `takes` has a function for each kind of order. */
  static async open(path: string, takes: Readonly<Record<string, Takes>>): Promise<AgentServer> {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    await removeLeft(path);
    const agent = new AgentServer(path, takes);
    await new Promise<void>((resolve, reject) => {
      agent.#server.once("error", (fault) =>
        reject(new CliError("cannot-write", `cannot listen at ${path}: ${fault.message}`, { cause: fault })),
      );
      agent.#server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
    agent.#server.on("error", () => {});
    return agent;
  }

  /** Takes no further connection. */
  close(): void {
    this.#server.close();
    rmSync(this.#path, { force: true });
  }

  #greet(socket: Socket): void {
    const frames = new Frames(socket, { most: MOST_ASKED, unsent: 2 * MOST_TOLD });
    let client: ClientProcess;
    try {
      client = ClientProcess.of(socket);
    } catch (fault) {
      return refuse(frames, fault);
    }
    if (client.uid !== (process.geteuid?.() ?? 0)) {
      client.close();
      return refuse(frames, new CliError("agent-refused", `expected the agent's user, got user ${client.uid}`));
    }
    const patience = setTimeout(() => frames.drop("it did not say what it wants"), FIRST_FRAME_MS);
    frames.onOver = () => {
      clearTimeout(patience);
      client.close();
    };
    frames.onFrame = (frame) => {
      clearTimeout(patience);
      this.#take(frame, client, frames);
    };
  }

  #take(frame: unknown, client: ClientProcess, frames: Frames): void {
    const { isoline, ask } = (frame ?? {}) as { readonly isoline?: unknown; readonly ask?: unknown };
    if (isoline !== VERSION)
      throw new CliError("agent-refused", `expected words of version ${VERSION}; use the isoline that the agent is of`);
    const take = typeof ask === "string" && Object.hasOwn(this.#takes, ask) ? this.#takes[ask] : undefined;
    if (take === undefined)
      throw new CliError("agent-refused", `expected one of ${Object.keys(this.#takes).join(", ")} to be asked for`);
    frames.onFrame = () => {};
    frames.onOver = () => client.close();
    take(frame, client, frames);
  }
}

function refuse(frames: Frames, fault: unknown): void {
  const { code = "agent-refused", message } = fault as { readonly code?: string; readonly message: string };
  frames.send({ say: "refused", code, message });
  frames.close();
}

/** Removes the socket of an agent that is gone; refuses to stand beside one that lives. */
async function removeLeft(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const isLive = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
  if (isLive) throw new CliError("name-taken", `an agent listens at ${path} already; end it, or name another --socket`);
  rmSync(path, { force: true });
}

/** A client of the approver socket of a live namespace. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { CliError } from "../error.ts";
import type { AnswerWord } from "../namespace/answer-words.ts";
import type { Amended, Settled } from "../namespace/live.ts";
import type { OpenQuestion } from "../namespace/questions.ts";
import type { QuestionLine } from "./approver-server.ts";
import { Connection } from "./connection.ts";
import type { ControlClient } from "./client.ts";
import { findNamespace } from "./directory.ts";
import { isSupervisor } from "./http.ts";
import { fitKeptDirectories, socketPath } from "./place.ts";

/** A contour of ten million points is read for a minute. */
const AMEND_MS = 120_000;
/** The socket is made soon after a namespace has begun, which a client may find by its control socket before. */
const MADE_WITHIN_MS = 2000;
const LOOK_EVERY_MS = 50;

export type Widened = Exclude<Amended, { readonly refused: string }>;

export class ApproverClient {
  readonly name: string;
  readonly #connection: Connection;
  readonly #patient: Connection;

  private constructor(name: string, path: string) {
    this.name = name;
    this.#connection = new Connection(name, path, { trusts: isSupervisor });
    this.#patient = new Connection(name, path, { trusts: isSupervisor, patience: AMEND_MS });
  }

  /** Of the live namespace with this name, or the only one whose name begins with it. */
  static async find(name: string): Promise<ApproverClient> {
    const client = await findNamespace(name);
    const found = client.name;
    let path = pathOf(client);
    // It answers once it has begun.
    if (path === undefined) await client.state();
    for (
      const until = performance.now() + MADE_WITHIN_MS;
      path === undefined && performance.now() < until;
      path = pathOf(client)
    )
      await setTimeout(LOOK_EVERY_MS);
    if (path !== undefined) return new ApproverClient(found, path);
    throw new CliError(
      "no-such-namespace",
      `${found} has no approver socket: it was not started with isoline run, or the socket could not be made; nothing can be answered or amended there`,
    );
  }

  async questions(): Promise<readonly OpenQuestion[]> {
    const answer = await this.#connection.fetch("GET", "/questions");
    if (!Array.isArray(answer)) throw this.#connection.lost("its answer is not a list of questions");
    return answer as OpenQuestion[];
  }

  /** Questions as they come and end, the open ones first, until the namespace ends. */
  async *stream(): AsyncGenerator<QuestionLine> {
    for await (const line of this.#connection.lines("/questions/stream")) yield line as QuestionLine;
  }

  async shown(key: string): Promise<OpenQuestion> {
    return (await this.#connection.fetch("POST", `/questions/shown?${query({ key })}`)) as OpenQuestion;
  }

  async answer(key: string, answer: AnswerWord): Promise<Settled> {
    return (await this.#connection.fetch("POST", `/questions/answer?${query({ key, answer })}`)) as Settled;
  }

  /**
   * Has the namespace go on under the contour in a file, named from the root: one that permits more than its present one. `state`: only
   * if it has this one.
   */
  async amend(contour: string, state?: string): Promise<Widened> {
    const asked = query({ contour, ...(state === undefined ? {} : { state }) });
    return (await this.#patient.fetch("POST", `/amend?${asked}`)) as Widened;
  }
}

/** In the directory of its control socket: in another one there may be what a supervisor of that name left. */
function pathOf({ name, directory }: ControlClient): string | undefined {
  return fitKeptDirectories()
    .filter((kept) => dirname(kept) === directory)
    .map((kept) => socketPath(kept, name))
    .find((path) => existsSync(path));
}

function query(parameters: Readonly<Record<string, string>>): string {
  return new URLSearchParams(parameters).toString();
}

/** `isoline approve`: a person outside of a namespace decides what it may do that is off its contour. */
import { createInterface } from "node:readline";
import { OwnTerminal } from "@isoline/linux";
import { ApproverClient } from "../../control/approver-client.ts";
import { CliError } from "../../error.ts";
import { type AnswerWord, answerWords } from "../../namespace/answer-words.ts";
import type { OpenQuestion } from "../../namespace/questions.ts";
import { answerOf, CHOICES, questionText, STARTLED_MS } from "../asking/prompt.ts";
import { status } from "../ending.ts";
import { isTerminal, note, print, printJson, printJsonLine, printLine, STDOUT } from "../output/streams.ts";
import { table } from "../output/table.ts";
import { harmless } from "../output/wording.ts";
import { usage } from "../refusal.ts";

export interface ApproveOptions {
  readonly list?: boolean;
  readonly json?: boolean;
}

const STDIN = 0;

export async function approve(
  name: string,
  key: string | undefined,
  answer: string | undefined,
  { list = false, json = false }: ApproveOptions,
): Promise<number> {
  const client = await ApproverClient.find(name);
  if (key !== undefined) return answerOne(client, key, assertAnswer(answer), json);
  if (list) return listAll(client, json);
  if (json) return answerByLines(client);
  if (!isTerminal(STDIN) || !isTerminal(STDOUT))
    throw usage("expected a terminal to ask at; without one use --list, --json, or name a question and its answer");
  return answerAtTerminal(client);
}

function assertAnswer(answer: string | undefined): AnswerWord {
  const word = answerWords.find((each) => each === answer);
  if (word !== undefined) return word;
  throw usage(
    `expected ${answerWords.join(", ")} after the question's key, got ${JSON.stringify((answer ?? "").slice(0, 40))}`,
  );
}

const said: Readonly<Record<AnswerWord, string>> = {
  once: "permitted once",
  always: "permitted from now on",
  refuse: "refused",
  distrust: "refused, and its process is not trusted any more",
};

async function answerOne(client: ApproverClient, key: string, answer: AnswerWord, json: boolean): Promise<number> {
  const question = json ? undefined : (await client.questions()).find((each) => each.key === key);
  const settled = await client.answer(key, answer);
  if (json) printJson(settled);
  else {
    const remark = settled.remark === undefined ? "" : ` (${harmless(settled.remark)})`;
    note(`${said[answer]}: ${harmless(String(question?.why ?? key))}${remark}`);
  }
  return status.success;
}

async function listAll(client: ApproverClient, json: boolean): Promise<number> {
  const questions = await client.questions();
  if (json) printJson(questions);
  else for (const line of table(["KEY", "PID", "REFUSED AT", "ACT"], questions.map(row))) printLine(line);
  return status.success;
}

function row({ key, pid, until, why }: OpenQuestion): string[] {
  return [harmless(String(key)), String(Number(pid)), new Date(Number(until)).toISOString(), harmless(String(why))];
}

/** Questions and their ends go out as lines; `{"key": …, "answer": …}` comes in as lines, and what became of it goes out. */
async function answerByLines(client: ApproverClient): Promise<number> {
  const input = createInterface({ input: process.stdin });
  input.on("line", (line) => void answerLine(client, line));
  for await (const line of client.stream()) printJsonLine(line);
  input.close();
  return status.success;
}

async function answerLine(client: ApproverClient, line: string): Promise<void> {
  try {
    const { key, answer } = JSON.parse(line) as { key?: unknown; answer?: unknown };
    const word = assertAnswer(typeof answer === "string" ? answer : "");
    printJsonLine({ answered: String(key), ...(await client.answer(String(key), word)) });
  } catch (fault) {
    printJsonLine({ error: fault instanceof Error ? fault.message : String(fault) });
  }
}

/** One question after the other; a question that ends elsewhere is left. */
async function answerAtTerminal(client: ApproverClient): Promise<number> {
  const queue: OpenQuestion[] = [];
  const asked = new Asked(client, queue);
  note(`waiting for questions of ${harmless(client.name)}; Ctrl-C leaves`);
  const stream = client.stream();
  try {
    for (;;) {
      const next = await Promise.race([stream.next(), asked.left]);
      if (next === "left") break;
      if (next.done === true) {
        note(`${harmless(client.name)} has ended`);
        break;
      }
      if ("asked" in next.value) queue.push(next.value.asked);
      else asked.over(next.value.over.key);
      void asked.next();
    }
  } finally {
    asked.close();
  }
  return status.success;
}

/**
 * A workload decides when it asks, and can withdraw a question by ending its process. So that no answer is taken for that of another
 * question, what was typed before a question stood there for a moment is thrown away.
 */
class Asked {
  /** When the person leaves, by Ctrl-D. */
  readonly left: Promise<"left">;
  readonly #client: ApproverClient;
  readonly #queue: OpenQuestion[];
  readonly #lines = createInterface({ input: process.stdin });
  readonly #terminal = OwnTerminal.open();
  #current: OpenQuestion | undefined;
  #hearsFrom = 0;

  constructor(client: ApproverClient, queue: OpenQuestion[]) {
    this.#client = client;
    this.#queue = queue;
    this.left = new Promise((resolve) => this.#lines.on("close", () => resolve("left")));
    this.#lines.on("line", (line) => void this.#heard(line));
  }

  async next(): Promise<void> {
    if (this.#current !== undefined) return;
    this.#current = this.#queue.shift();
    if (this.#current === undefined) return;
    this.#hearsFrom = Number.POSITIVE_INFINITY;
    try {
      this.#current = await this.#client.shown(this.#current.key);
      this.#show(this.#current);
    } catch (fault) {
      this.#leave(fault);
    }
  }

  #show(question: OpenQuestion): void {
    this.#hearsFrom = performance.now() + STARTLED_MS;
    print(`${questionText(question, ["asked by", this.#client.name], this.#queue.length + 1)}${CHOICES}`);
    this.#terminal?.forgetInput();
    setTimeout(() => this.#terminal?.forgetInput(), STARTLED_MS).unref();
  }

  over(key: string): void {
    const at = this.#queue.findIndex((question) => question.key === key);
    if (at >= 0) this.#queue.splice(at, 1);
    if (this.#current?.key !== key) return;
    this.#current = undefined;
    printLine("\nisoline: the question is over");
  }

  close(): void {
    this.#lines.close();
    this.#terminal?.close();
  }

  async #heard(line: string): Promise<void> {
    const question = this.#current;
    const word = answerOf(line.trim());
    if (question === undefined) return;
    if (word === undefined || performance.now() < this.#hearsFrom) return print(CHOICES);
    this.#current = undefined;
    try {
      const { remark } = await this.#client.answer(question.key, word);
      printLine(`isoline: ${word}${remark === undefined ? "" : `: ${harmless(remark)}`}`);
      await this.next();
    } catch (fault) {
      this.#leave(fault);
    }
  }

  #leave(fault: unknown): void {
    if (!(fault instanceof CliError)) throw fault;
    printLine(`isoline: ${harmless(fault.message)}`);
    this.#current = undefined;
    void this.next();
  }
}

/** What the agent has the machine's first process do (tools/images/init.c): run and stop canisters, collect evidence. */
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

export interface Init {
  /** Starts the bundle of this name; resolves with the status that it ends with. */
  run(name: string): Promise<number>;
  /** Ends a canister at once; resolves when that was asked for. */
  stop(name: string): Promise<number>;
  /** Collects evidence for a challenge; resolves with the collector's status. */
  evidence(challenge: string): Promise<number>;
  /** Writes a request to be enrolled, under this name among the evidence. */
  enrol(name: string): Promise<number>;
  /** Answers the document `NAME-asked` among the evidence, under this name. */
  answer(name: string): Promise<number>;
}

/** Speaks over two streams, in lines. */
export function initBehind(answers: Readable, requests: Writable): Init {
  const waiting = new Map<string, (status: number) => void>();
  createInterface({ input: answers }).on("line", (line) => {
    const [, command = "", status = ""] = /^ended (\S+ \S+) (\d+)$/.exec(line) ?? [];
    waiting.get(command)?.(Number(status));
    waiting.delete(command);
  });
  const ask = (command: string) =>
    new Promise<number>((resolve) => {
      waiting.set(command, resolve);
      requests.write(`${command}\n`);
    });
  return {
    run: (name) => ask(`run ${name}`),
    stop: (name) => ask(`stop ${name}`),
    evidence: (challenge) => ask(`evidence ${challenge}`),
    enrol: (name) => ask(`enrol ${name}`),
    answer: (name) => ask(`answer ${name}`),
  };
}

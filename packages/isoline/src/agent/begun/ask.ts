/** The client of questions about a namespace that a process began for itself: one question, one answer. */
import { CliError } from "../../error.ts";
import { connected } from "../client.ts";
import { type Told, VERSION } from "../words.ts";

/** The first frame of a conversation, but for the version. */
export interface Question {
  readonly ask: string;
  readonly [member: string]: unknown;
}

/** Asks the agent; throws what it refuses with, and `no-agent` where it does not answer. */
export async function askAgent(socket: string, question: Question): Promise<unknown> {
  const frames = await connected(socket, { isToBegin: true });
  try {
    return await new Promise((resolve, reject) => {
      frames.onFrame = (frame) => {
        const told = frame as Told;
        if (told.say === "answer") resolve(told.answer);
        else if (told.say === "refused")
          reject(Object.assign(new CliError("agent-refused", told.message), { code: told.code }));
      };
      frames.onOver = (why) =>
        reject(new CliError("no-agent", `the agent did not answer${why === undefined ? "" : ` (${why})`}; ask again`));
      frames.send({ isoline: VERSION, ...question });
    });
  } finally {
    frames.onOver = () => {};
    frames.close();
  }
}

/** `isoline top`: the live namespaces, those with the gravest departure first, updated continuously; once if stdout is no terminal. */
import { terminalSize } from "@isoline/linux";
import { liveNamespaces } from "../../control/directory.ts";
import { status } from "../ending.ts";
import { gravestFirst, stateTable } from "../live/state-table.ts";
import { statesOf } from "../live/states.ts";
import { onKey, Screen } from "../output/screen.ts";
import { isTerminal, printJson, printLine, STDOUT } from "../output/streams.ts";
import { counted } from "../output/wording.ts";

export interface TopOptions {
  readonly json?: boolean;
}

const REFRESH_MS = 1000;

export async function top({ json }: TopOptions): Promise<number> {
  const read = async () => gravestFirst(await statesOf(await liveNamespaces()));
  if (json) printJson(await read());
  else if (!isTerminal(STDOUT)) for (const line of stateTable(await read())) printLine(line);
  else await watch(async () => stateTable(await read()));
  return status.success;
}

/** Draws until q or Ctrl-C is pressed. */
async function watch(lines: () => Promise<string[]>): Promise<void> {
  const screen = new Screen();
  let quit = () => {};
  const over = new Promise<void>((resolve) => {
    quit = resolve;
  });
  const unhook = onKey((key) => {
    if (key === "q" || key === "\x03" || key === "\x1b") quit();
  });
  process.once("SIGTERM", () => quit());
  process.once("SIGHUP", () => quit());
  let done = false;
  void over.then(() => {
    done = true;
  });
  screen.open();
  try {
    while (!done) {
      const body = await lines();
      const heading = `${counted(body.length - 1, "live namespace")}, q quits`;
      screen.draw([heading, "", ...body], terminalSize(STDOUT));
      await Promise.race([over, new Promise((resolve) => setTimeout(resolve, REFRESH_MS))]);
    }
  } finally {
    screen.close();
    unhook();
  }
}

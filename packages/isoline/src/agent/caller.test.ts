import { expect, it, vi } from "vitest";
import { makeControlBlock } from "../namespace/control-block.ts";
import type { Namespace } from "../namespace/namespace.ts";
import { Caller } from "./caller.ts";
import type { ClientProcess } from "./client-process.ts";
import { crewForStranger } from "./crews.ts";
import type { Frames } from "./frames.ts";

const exit = { state: "exited", status: 3 };

it("hears what its client says before the namespace is known: a short command may have ended by then", () => {
  const frames = { isOver: false, send: () => {}, close: () => {} } as unknown as Frames;
  const client = { close: () => {} } as unknown as ClientProcess;
  const crew = crewForStranger();
  const caller = new Caller(client, frames, crew);
  frames.onFrame({ say: "ended", exit });
  frames.onFrame({ say: "ended", exit: { ...exit, status: 4 } });
  frames.onFrame({ say: "end" });
  const [told, end] = [vi.fn<(how: object) => void>(), vi.fn<() => void>()];
  const namespace = { block: makeControlBlock(), first: { told }, end };
  caller.begun(namespace as unknown as Namespace);
  expect(told.mock.calls).toEqual([[exit]]);
  expect(end).toHaveBeenCalledOnce();
  caller.end();
  crew.failed(new Error("over"));
});

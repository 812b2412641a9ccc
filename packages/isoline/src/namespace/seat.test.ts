/** A seat in a thread that goes on when it fails: what it held is given back, and what is recorded of it has an end. */
import { MessageChannel } from "node:worker_threads";
import { beforeEach, expect, it, vi } from "vitest";
import { makeControlBlock } from "./control-block.ts";
import type { SupervisorMessage } from "./messages.ts";
import { Seat, type SeatData } from "./seat.ts";

const done: string[] = [];
const fault = { atStart: false };
vi.mock("./session.ts", () => {
  const note = (what: string) => () => void done.push(what);
  return { Session: { prepare: async () => ({ neverRan: note("never ran"), close: note("closed") }) } };
});
vi.mock("./drivers/seccomp.ts", () => ({
  SeccompDriver: class {
    constructor() {
      if (fault.atStart) throw new Error("the record of what was built is not whole");
    }
    fail() {
      throw new Error("a descriptor is closed already");
    }
  },
}));
beforeEach(() => {
  done.length = 0;
  fault.atStart = false;
});

async function opened() {
  const said: SupervisorMessage[] = [];
  const [{ port1: requests }, { port1: launcher }] = [new MessageChannel(), new MessageChannel()];
  const data = { block: makeControlBlock(), requests, launcher, plan: {} } as unknown as SeatData;
  const seat = await Seat.open(data, (message) => said.push(message));
  requests.close();
  launcher.close();
  return { seat, said };
}

it("a seat that fails to open after its birth was recorded has its end told, and closes its session", async () => {
  fault.atStart = true;
  const { seat, said } = await opened();
  expect([seat, done]).toEqual([undefined, ["never ran", "closed"]]);
  expect(said).toEqual([{ kind: "failed", code: "internal", message: "the record of what was built is not whole" }]);
});

it("a seat that fails closes its session, also if its driver fails to close", async () => {
  const { seat } = await opened();
  expect(() => seat?.fail(new Error("out of memory"))).toThrow("closed already");
  expect(done).toEqual(["closed"]);
});

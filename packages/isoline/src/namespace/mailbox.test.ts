/** Who asks a namespace much, or for what takes long, gets its answers in several turns of the thread. */
import { MessageChannel } from "node:worker_threads";
import { expect, it } from "vitest";
import { cells, makeControlBlock } from "./control-block.ts";
import type { Hardware } from "./hardware.ts";
import { Mailbox } from "./mailbox.ts";
import type { SupervisorMessage } from "./messages.ts";

/** A thread with so many requests, each of which takes a millisecond or more to answer. */
function asked(requests: number) {
  const block = makeControlBlock();
  const { port1, port2 } = new MessageChannel();
  const said: SupervisorMessage[] = [];
  const answer = () => {
    for (const until = performance.now() + 1; performance.now() < until; );
    return true as never;
  };
  const hardware = { isUnderWay: false };
  const session = {
    ...{ canAnswer: () => true, answer, amend: async () => true as never, loadIntegrity: async () => {} },
    hardware: hardware as Hardware,
  };
  const mailbox = new Mailbox(block, port2, session, { adapt: () => {} }, (message) => said.push(message));
  for (let id = 1; id <= requests; id++) {
    port1.postMessage({ id, request: { ask: "departures", from: 0 } });
    Atomics.add(block, cells.rung, 1);
  }
  const isAsked = () => Atomics.load(block, cells.rung) !== Atomics.load(block, cells.answered);
  return { mailbox, said, isAsked, hardware, close: () => port1.close() };
}

it("begins no answer after its time, and goes on with the next one in the next turn", () => {
  const { mailbox, said, isAsked, close } = asked(3);
  const after = [1, 2, 3, 4].map(() => {
    expect(isAsked()).toBe(true);
    expect(mailbox.answer(0.5)).toBe("go-on");
    return said.length;
  });
  close();
  expect(after).toEqual([1, 2, 3, 3]);
  expect(isAsked()).toBe(false);
  expect(said).toMatchObject([{ id: 1 }, { id: 2 }, { id: 3 }]);
});

it("goes on with the next request when what the one before told is recorded", () => {
  const { mailbox, said, isAsked, hardware, close } = asked(2);
  hardware.isUnderWay = true;
  mailbox.answer();
  expect([said.length, isAsked()]).toEqual([1, true]);
  hardware.isUnderWay = false;
  mailbox.answer();
  close();
  expect([said.length, isAsked()]).toEqual([2, false]);
});

it("answers everything at once in a thread that serves no other namespace", () => {
  const { mailbox, said, isAsked, close } = asked(3);
  mailbox.answer();
  close();
  expect([said.length, isAsked()]).toEqual([3, false]);
});

it("tells who asks a namespace that has ended that it has ended", () => {
  const { mailbox, said, isAsked, close } = asked(2);
  mailbox.dismiss();
  close();
  expect(said).toEqual([
    { kind: "reply", id: 1, value: undefined },
    { kind: "reply", id: 2, value: undefined },
  ]);
  expect(isAsked()).toBe(false);
});

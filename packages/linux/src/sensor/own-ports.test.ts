import { expect, test } from "vitest";
import { type LocalSocket, OwnPorts } from "./own-ports.ts";

const [LOW, HIGH] = [32_768, 60_999];

/** Sockets of which it is asked whether they have a port by now. */
function sockets() {
  const ports = new OwnPorts([LOW, HIGH]);
  const state = { looks: 0 };
  const expects = (socket: LocalSocket, isOpen = () => true) =>
    ports.expect(() => {
      state.looks += 1;
      return isOpen() ? socket : undefined;
    }, "");
  const isGiven = (port: number) => ports.wasGiven(port, "");
  return { expects, isGiven, state };
}

test("of thousands of sockets that stay without a port, few are looked at for each question", () => {
  const { expects, isGiven, state } = sockets();
  for (let inode = 1; inode <= 4000; inode++) expects({ inode, port: 0 });
  expect(state.looks).toBeLessThanOrEqual(2 * 4000);
  state.looks = 0;
  for (let question = 0; question < 10; question++) expect(isGiven(40_000)).toBe(false);
  expect(state.looks).toBeLessThanOrEqual(10 * 256);
});

test("a socket that came last is found at once, and one before many others later: until then its port is not the namespace's", () => {
  const { expects, isGiven } = sockets();
  const early = { inode: 1, port: 0 };
  expects(early);
  for (let inode = 2; inode <= 1000; inode++) expects({ inode, port: 0 });
  expects({ inode: 1001, port: 40_002 });
  early.port = 40_001;
  expect([isGiven(40_002), isGiven(40_001)]).toEqual([true, false]);
  for (let question = 0; question < 4; question++) isGiven(40_003);
  expect(isGiven(40_001)).toBe(true);
});

test("a server is found at once although hundreds of clients had no port yet when they came, and were closed or got one since", () => {
  const { expects, isGiven, state } = sockets();
  let isOver = false;
  expects({ inode: 1, port: 40_001 });
  for (let inode = 2; inode <= 500; inode++) expects({ inode, port: 0 }, () => !isOver);
  const others = Array.from({ length: 400 }, (_, index) => ({ inode: 1000 + index, port: 0 }));
  for (const other of others) expects(other);
  isOver = true;
  others.forEach((other, index) => (other.port = 41_000 + index));
  expect([isGiven(41_000), isGiven(40_001)]).toEqual([true, true]);
  expect(state.looks).toBeLessThanOrEqual(2 * 900 + 1024);
});

test("sockets that are closed do not gather", () => {
  const { expects, isGiven, state } = sockets();
  let last = 0;
  for (let inode = 1; inode <= 3000; inode++) {
    last = inode;
    expects({ inode, port: 0 }, () => inode > last - 3);
  }
  state.looks = 0;
  isGiven(40_000);
  expect(state.looks).toBeLessThanOrEqual(8);
});

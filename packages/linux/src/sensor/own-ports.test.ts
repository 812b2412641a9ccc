import { expect, test } from "vitest";
import { type LocalSocket, OwnPorts } from "./own-ports.ts";

const [LOW, HIGH] = [32_768, 60_999];

/** Sockets of which it is asked whether they have a port by now. */
function sockets() {
  const ports = new OwnPorts([LOW, HIGH]);
  const state = { looks: 0 };
  const expects = (socket: LocalSocket) =>
    ports.expect(() => {
      state.looks += 1;
      return socket;
    }, "");
  const isGiven = (port: number) => ports.wasGiven(port, "");
  return { expects, isGiven, state };
}

test("of thousands of sockets that stay without a port, few are looked at for each question", () => {
  const { expects, isGiven, state } = sockets();
  for (let inode = 1; inode <= 4000; inode++) expects({ inode, port: 0 });
  for (let question = 0; question < 10; question++) expect(isGiven(40_000)).toBe(false);
  expect(state.looks).toBeLessThanOrEqual(10 * 256);
});

test("a socket that came last is found at once, and one before many others later: until then its port is not the namespace's", () => {
  const { expects, isGiven } = sockets();
  const early = { inode: 1, port: 0 };
  expects(early);
  for (let inode = 2; inode <= 1000; inode++) expects({ inode, port: 0 });
  early.port = 40_001;
  expects({ inode: 1001, port: 40_002 });
  expect([isGiven(40_002), isGiven(40_001)]).toEqual([true, false]);
  for (let question = 0; question < 4; question++) isGiven(40_003);
  expect(isGiven(40_001)).toBe(true);
});

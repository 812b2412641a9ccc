/** Messages that by their flags only the task could send, so that another thread could put another address there. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRoot } from "../support/machine.ts";
import { Bench } from "./bench.ts";
import { compiler, NOBODY } from "./case.ts";
import { at, call, must, poke, result, struct } from "./script.ts";
import { isBuilt } from "./supervised.ts";

const [AF_UNIX, AF_INET, STREAM, DATAGRAM] = [1, 2, 1, 2];
const [SOL_SOCKET, SO_ZEROCOPY] = [1, 60];
const [MSG_ZEROCOPY, MSG_FASTOPEN] = [0x400_0000, 0x2000_0000];
const [EOPNOTSUPP, ENOBUFS] = [95, 105];
/** The discard port: a datagram to it reaches nothing, and is sent all the same. */
const DISCARD = Buffer.from([AF_INET, 0, 0, 9, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);

describe.skipIf(compiler === undefined || !isBuilt)("flags of messages (need gcc, a build)", () => {
  let bench: Bench;
  beforeAll(() => {
    bench = new Bench(isRoot ? NOBODY : undefined);
  });
  afterAll(() => bench?.close());

  const sends = (flags: number, address: Buffer) => call("sendto", result(0), "x", 1, flags, address, address.length);

  it("a datagram that is read later finds no room where it may be refused; without the flag the supervisor sends it", async () => {
    const script = [
      must(call("socket", AF_INET, DATAGRAM, 0)),
      poke(0, struct([4, 1])),
      must(call("setsockopt", result(0), SOL_SOCKET, SO_ZEROCOPY, at(0), 4)),
      sends(MSG_ZEROCOPY, DISCARD),
      sends(0, DISCARD),
    ];
    const { learnt, report } = await bench.run(script);
    expect(report.racy).toMatchObject({ sendto: 1 });
    const enforced = await bench.run(script, { mode: "enforce", contour: learnt });
    expect(enforced.stdout).toContain(`44: errno ${ENOBUFS}\n44: ok\n`);
    expect(enforced.report.racy).not.toHaveProperty("sendto");
    expect(enforced.report.departures).toEqual([]);
  });

  it("no message connects, in any mode", async () => {
    const address = await bench.listen();
    const { stdout, report } = await bench.run([
      must(call("socket", AF_INET, STREAM, 0)),
      sends(MSG_FASTOPEN, address),
    ]);
    expect(stdout).toContain(`44: errno ${EOPNOTSUPP}\n`);
    expect(report.racy).not.toHaveProperty("sendto");
    expect(bench.connections).toBe(0);
  });

  it("what fails by its flags is no event: it needs no place on the contour, and takes none", async () => {
    const script = [
      must(call("socket", AF_INET, STREAM, 0)),
      must(call("socket", AF_INET, DATAGRAM, 0)),
      poke(0, struct([4, 1])),
      must(call("setsockopt", result(1), SOL_SOCKET, SO_ZEROCOPY, at(0), 4)),
    ];
    const { learnt } = await bench.run(script);
    const run = await bench.run(
      [
        ...script,
        sends(MSG_FASTOPEN, DISCARD),
        call("sendto", result(1), "x", 1, MSG_ZEROCOPY, DISCARD, DISCARD.length),
      ],
      { mode: "enforce", contour: learnt },
    );
    expect(run.stdout).toContain(`44: errno ${EOPNOTSUPP}\n44: errno ${ENOBUFS}\n`);
    expect(run.report.departures).toEqual([]);
    expect(bench.acts(run).join("\n")).not.toContain("send ");
  });

  it("a Unix socket ignores the flag of a message that connects", async () => {
    const name = Buffer.from("\x01\0\0isoline-send-flags", "latin1");
    const { stdout } = await bench.run([
      must(call("socket", AF_UNIX, DATAGRAM, 0)),
      must(call("bind", result(0), name, name.length)),
      sends(MSG_FASTOPEN, name),
    ]);
    expect(stdout).toContain("44: ok\n");
  });
});

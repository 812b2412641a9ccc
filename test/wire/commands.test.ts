/** learn, check and run with an engine at the other end of a wire, as a user calls them. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ended, isBuilt, isoline, isolineProgram } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";
import { readReport } from "../support/report.ts";
import { TestEngine } from "./engine.ts";

const QUIET = ["sh", "-c", "cat /etc/hostname > copy; ls /etc > /dev/null"];
const WIDER = ["sh", "-c", "cat /etc/hostname > copy; ls /etc > /dev/null; cat /etc/passwd > /dev/null; : > made"];

describe.skipIf(!isBuilt)("an engine behind a Unix socket (needs a build)", () => {
  let engine: TestEngine;
  let cwd = "";
  const at = (name: string) => join(cwd, name);
  /** Each run finds the same state. */
  const here = (...args: readonly string[]) => {
    for (const name of ["copy", "made"]) rmSync(at(name), { force: true });
    return isoline(args, { cwd });
  };
  const elsewhere = (...args: readonly string[]) => {
    const split = args.indexOf("--");
    return here(...args.slice(0, split), ...engine.options, ...args.slice(split));
  };

  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), "isoline-wire-"));
    engine = await new TestEngine().start();
    await here("learn", "-o", "own.contour", "--", ...QUIET);
  });
  afterAll(async () => {
    await engine.close();
    rmSync(cwd, { recursive: true, force: true });
  });

  it("learns the same contour as an engine beside the sensor, with evidence", async () => {
    const { status, stderr } = await elsewhere("learn", "-o", "far.contour", "--report", "learn.json", "--", ...QUIET);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(readFileSync(at("far.contour"), "utf8")).toBe(readFileSync(at("own.contour"), "utf8"));
    expect(existsSync(at("far.contour.evidence"))).toBe(true);
    const { verdict, incomplete, points, added } = readReport(at("learn.json"));
    expect({ verdict, incomplete, isNew: points === added && points > 0 }).toEqual({
      verdict: "learnt",
      incomplete: [],
      isNew: true,
    });
  });

  it.runIf(isCI)("adds to a contour as an engine beside the sensor does", async () => {
    for (const name of ["own", "far"]) writeFileSync(at(`${name}-more.contour`), readFileSync(at("own.contour")));
    await here("learn", "-o", "own-more.contour", "--merge", "--", ...WIDER);
    await elsewhere("learn", "-o", "far-more.contour", "--merge", "--", ...WIDER);
    expect(readFileSync(at("far-more.contour"), "utf8")).toBe(readFileSync(at("own-more.contour"), "utf8"));
  });

  it("says the same of a run that departs: points, state, measurement, departures, why", async () => {
    const told = async (mode: readonly string[]) => {
      await here("check", "own.contour", ...mode, "--report", "own.json", "--", ...WIDER);
      const { status } = await elsewhere("check", "own.contour", ...mode, "--report", "far.json", "--", ...WIDER);
      return { status, own: portable(readReport(at("own.json"))), far: portable(readReport(at("far.json"))) };
    };
    for (const mode of [[], ["--enforce"]]) {
      const { status, own, far } = await told(mode);
      expect(status).toBe(3);
      expect(own.departures.length).toBeGreaterThan(0);
      expect(far).toEqual(own);
    }
    expect(existsSync(at("made"))).toBe(false);
  });

  it.runIf(isCI)("serves several namespaces at once, each for itself", async () => {
    const runs = ["hostname", "passwd", "group"].map(async (name) => {
      const place = at(name);
      mkdirSync(place);
      const { status } = await isoline(
        [
          "learn",
          "-o",
          `${name}.contour`,
          ...engine.options,
          "--",
          "sh",
          "-c",
          `sleep 1; cat /etc/${name} > /dev/null`,
        ],
        { cwd: place },
      );
      return { status, reads: /path=\/etc\/(hostname|passwd|group) /g };
    });
    for (const { status } of await Promise.all(runs)) expect(status).toBe(0);
    const names = ["hostname", "passwd", "group"];
    const reads = names.map((name) =>
      names.filter((other) => readFileSync(join(at(name), `${name}.contour`), "utf8").includes(`path=/etc/${other} `)),
    );
    expect(reads).toEqual(names.map((name) => [name]));
  });

  it.runIf(isCI)("a person cannot be asked, and a run that would ask is refused before it starts", async () => {
    const { status, stderr } = await elsewhere("run", "own.contour", "--ask", "--", "touch", "started");
    expect(stderr).toContain("a person is asked beside the engine");
    expect({ status, started: existsSync(at("started")) }).toEqual({ status: 2, started: false });
  });

  it("nothing starts where no engine answers, or another one, or where the sensor is not known", async () => {
    const stranger = engine.makeKeys("stranger");
    const address = engine.address;
    const known = [engine.engineKey.publicFile, engine.sensorKey.privateFile] as const;
    const cases = [
      ["unix:/nowhere/socket", ...known, "cannot reach an engine at unix:/nowhere/socket"],
      [address, stranger.publicFile, known[1], "expected the engine to prove a key in"],
      [address, known[0], stranger.privateFile, "expected the sensor to prove a key in"],
      ["unix:relative", ...known, "expected the address of an engine"],
    ] as const;
    for (const [where, engineKey, sensorKey, says] of cases) {
      const options = ["--engine", where, "--engine-key", engineKey, "--sensor-key", sensorKey];
      const { status, stderr } = await isoline(["check", "own.contour", ...options, "--", "touch", "started"], { cwd });
      expect(stderr).toContain(says);
      expect({ failed: status !== 0, started: existsSync(at("started")) }).toEqual({ failed: true, started: false });
    }
  });

  it.runIf(isCI)("the socket is gone when the engine has ended, and one that was left is taken over", async () => {
    const other = await new TestEngine().start();
    const path = other.address.slice("unix:".length);
    other.child?.kill("SIGKILL");
    await new Promise((resolve) => other.child?.once("exit", resolve));
    expect(existsSync(path)).toBe(true);
    other.log = "";
    await other.start();
    other.child?.kill("SIGTERM");
    await new Promise((resolve) => other.child?.once("exit", resolve));
    expect(existsSync(path)).toBe(false);
    await other.close();
  });

  it("tells how it is called", async () => {
    const { status, stderr } = await ended(isolineProgram, ["engine", "serve"], { cwd });
    expect({ status, stderr: stderr.split("\n")[0] }).toEqual({
      status: 2,
      stderr: "isoline: expected --listen ADDRESS: unix:/PATH, vsock:CID:PORT or device:/PATH",
    });
  });
});

/** A report without what differs between two runs of the same. */
function portable(report: ReturnType<typeof readReport>) {
  const { departures, pauses: _pauses, landlock: _landlock, ...rest } = report;
  return {
    ...rest,
    departures: departures.map(({ pid: _pid, first: _first, last: _last, ...told }) => told),
  };
}

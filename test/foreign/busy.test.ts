/** Processes that make calls without pause, and that signals interrupt meanwhile. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { present } from "../../tools/run.mjs";
import { isoline } from "./workload.mjs";

const source = fileURLToPath(new URL("busy.c", import.meta.url));

describe.skipIf(!present("gcc"))("busy processes (needs gcc)", () => {
  let place: string;
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), "foreign-busy-"));
    execFileSync("gcc", ["-O1", "-o", join(place, "busy"), source]);
  });
  afterEach(() => rmSync(place, { recursive: true, force: true }));

  /** Starts them; `end` lets them end, and returns their output. */
  function begin(processes: number, microseconds: number, ...options: readonly string[]) {
    const command = ["-o", join(place, "contour"), ...options, "--", "./busy", String(processes), String(microseconds)];
    const child = spawn(isoline, ["learn", "-q", ...command], { cwd: place, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece: Buffer) => (output += String(piece)));
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    return async () => {
      writeFileSync(join(place, "stop"), "");
      return { status: await ended, output };
    };
  }

  it("see a call fail only because of their own signals, while control requests arrive", async () => {
    const end = begin(2, 1000, "--name", "busy-signals");
    // Every request writes to the doorbell, which must not be taken for the end of the namespace.
    for (let asked = 0; asked < 12; asked++) spawnSync(isoline, ["trust", "busy-signals"], { timeout: 20_000 });
    expect(await end()).toEqual({ status: 0, output: "2 processes, 0 failed\n" });
  });

  it("do not delay control requests", async () => {
    const end = begin(8, 0, "--name", "busy-flood");
    const listed = () => spawnSync(isoline, ["ps"], { encoding: "utf8", timeout: 20_000 }).stdout ?? "";
    await expect.poll(listed, { timeout: 30_000, interval: 200 }).toContain("busy-flood");
    const asked = spawnSync(isoline, ["trust", "busy-flood"], { encoding: "utf8", timeout: 20_000 });
    expect([asked.status, asked.stdout.split("\n").length > 8]).toEqual([0, true]);
    expect(await end()).toEqual({ status: 0, output: "8 processes, 0 failed\n" });
  });
});

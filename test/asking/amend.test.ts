/** A live enforced service is amended without a restart, by its owner outside. */
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { copyFileSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../faults/bench.ts";
import { isBuilt } from "../support/isoline.ts";
import { AskingPlace, type Running, STARVED_MS } from "./run.ts";

describe.skipIf(!isBuilt)("a live service (needs a build)", { timeout: 4 * STARVED_MS }, () => {
  let place: AskingPlace;
  let services = 0;
  beforeAll(() => {
    place = new AskingPlace();
    for (const name of ["known", "fresh"]) writeFileSync(place.at(name), `${name}\n`);
    place.learn("narrow.contour", ["sh", "-c", service("known")]);
    place.learn("wide.contour", ["sh", "-c", service("known fresh")]);
    place.call(["merge", "narrow.contour", "wide.contour", "-o", "both.contour"]);
  });
  afterAll(() => place.clear());

  /**
   * Each turn waits for a file of its number, which is only looked at, and the shell itself reads: it stays, and so does its trust.
   * What is printed of a refusal does not end as a file's content does.
   */
  const service = (files: string) =>
    `n=0; for file in ${files}; do while [ -e hold$n ]; do sleep 0.1; done; n=$((n+1)); read -r line < $file && echo $line || echo refused-$file.; done; sleep 0`;
  const start = (...mode: readonly string[]): Running => startUnder("narrow.contour", mode);
  const startUnder = (contour: string, mode: readonly string[]): Running => {
    services += 1;
    for (const n of [1, 2]) writeFileSync(place.at(`hold${n}`), "");
    return place.run([contour, ...mode], ["sh", "-c", service("known fresh fresh")], `service-${services}`);
  };
  /** The processes without trust, outermost first. */
  const distrusted = ({ name }: Running): number[] => {
    const listed = JSON.parse(place.call(["trust", name, "--json"]).stdout) as { pid: number; trusted: boolean }[];
    return listed.filter(({ trusted }) => !trusted).map(({ pid }) => pid);
  };
  const release = (n: number) => rmSync(place.at(`hold${n}`));

  it("does what it was refused before, once its contour is amended; lost trust stays lost", async () => {
    const running = start("--enforce");
    await running.says("known\n");
    expect(distrusted(running)).toEqual([]);
    release(1);
    await running.says("refused-fresh.");
    const [shell] = distrusted(running);
    expect(shell).toBeGreaterThan(1);
    const { status, stderr } = place.call(["amend", running.name, "both.contour"]);
    expect(stderr).toMatch(/goes on under \d+ points, \d+ of them new/);
    expect(status).toBe(0);
    expect(distrusted(running)).toContain(shell);
    release(2);
    await running.ended;
    expect(running.stdout).toBe("known\nrefused-fresh.\nfresh\n");
  });

  it("goes on under what is accepted from it", async () => {
    copyFileSync(place.at("narrow.contour"), place.at("live.contour"));
    const running = startUnder("live.contour", ["--enforce"]);
    await running.says("known\n");
    release(1);
    await running.says("refused-fresh.");
    const accepted = place.call(["accept", "live.contour", running.name]);
    expect(accepted).toMatchObject({ status: 0 });
    expect(accepted.stderr).toContain(`${running.name} goes on under it from now on`);
    release(2);
    await running.ended;
    expect(running.stdout).toBe("known\nrefused-fresh.\nfresh\n");
  });

  it.each([
    ["a contour that lacks a point", "other.contour", /expected every point of the present contour/],
    ["what is no contour", "known", /known/],
    ["what is not there", "nothing", /cannot read/],
  ])("keeps its contour when given %s", async (_, file, why) => {
    place.learn("other.contour", ["sh", "-c", "cat known"]);
    const running = start("--enforce");
    await running.says("known\n");
    const { status, stderr } = place.call(["amend", running.name, file]);
    expect(stderr).toMatch(why);
    expect(status).not.toBe(0);
    release(1);
    await running.says("refused-fresh.");
    release(2);
    await running.ended;
    expect(running.stdout).toBe("known\nrefused-fresh.\nrefused-fresh.\n");
  });

  it("keeps its contour when the file was replaced after it was decided about", async () => {
    const running = start("--enforce");
    await running.says("known\n");
    const asks = (state: string) => {
      const query = new URLSearchParams({ contour: place.at("both.contour"), state });
      const url = `http://localhost/amend?${query}`;
      return spawnSync("curl", ["-s", "-X", "POST", "--unix-socket", place.socketOf(running.name), url], {
        encoding: "utf8",
      }).stdout;
    };
    await until(() => existsSync(place.socketOf(running.name)));
    expect(asks("0".repeat(64))).toContain("is not what was decided about any more");
    expect(asks("anything")).toContain("expected state=HEX");
    release(1);
    await running.says("refused-fresh.");
    release(2);
    await running.ended;
    expect(running.stdout).toBe("known\nrefused-fresh.\nrefused-fresh.\n");
  });

  it("that demands a signature takes only a contour that is signed by the same key", async () => {
    for (const name of ["release", "other"]) {
      const key = generateKeyPairSync("ed25519");
      writeFileSync(place.at(`${name}.key`), key.privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
      writeFileSync(place.at(`${name}.pub`), key.publicKey.export({ type: "spki", format: "pem" }));
    }
    expect(place.call(["sign", "narrow.contour", "--key", "release.key"])).toMatchObject({ status: 0 });
    const running = start("--enforce", "--require-signature", "release.pub");
    await running.says("known\n");
    expect(place.call(["amend", running.name, "both.contour"]).stderr).toMatch(/sign/);
    place.call(["sign", "both.contour", "--key", "other.key"]);
    expect(place.call(["amend", running.name, "both.contour"]).stderr).toMatch(/sign/);
    rmSync(place.at("both.contour.sig"));
    place.call(["sign", "both.contour", "--key", "release.key"]);
    expect(place.call(["amend", running.name, "both.contour"])).toMatchObject({ status: 0 });
    release(1);
    await running.says("fresh\n");
    release(2);
    await running.ended;
    expect(running.stdout).toBe("known\nfresh\nfresh\n");
    for (const name of ["narrow", "both"]) rmSync(place.at(`${name}.contour.sig`));
  });

  it("lets what waits for an answer go ahead, if the amended contour permits it", async () => {
    const running = start("--ask");
    await running.says("known\n");
    release(1);
    await running.question("fresh");
    const { stderr } = place.call(["amend", running.name, "both.contour"]);
    expect(stderr).toContain("1 act that waited for an answer may happen now");
    await running.says("fresh\n");
    release(2);
    await running.ended;
    expect(running.stdout).toBe("known\nfresh\nfresh\n");
    expect(running.report.off).toBe(0);
  });
});

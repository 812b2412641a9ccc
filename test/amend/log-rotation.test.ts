/** docs/how-to/rotate-and-upgrade.md as it is written: a service under enforce and its log. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isBuilt, isoline, isolineProgram, SYSTEM_PATH } from "../support/isoline.ts";

const STARVED_MS = 60_000;
let place = "";
const at = (name: string) => join(place, name);
const run = (...args: readonly string[]) => isoline([...args], { cwd: place, env: { XDG_RUNTIME_DIR: at("run") } });
const service = ["--", "sh", "serve.sh"];

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-rotation-"));
  mkdirSync(at("run"), { mode: 0o700 });
  mkdirSync(at("log"));
  // Writes a line, waits to be told, and opens its log anew for another one.
  writeFileSync(
    at("serve.sh"),
    "echo one >> log/web; sleep 0.1; until [ -e told ]; do sleep 0.1; done; echo two >> log/web\n",
  );
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

/** Runs the service under enforce; its log is rotated while it runs. */
async function rotatedUnder(rotate: () => void): Promise<string> {
  rmSync(at("told"), { force: true });
  const child = spawn(isolineProgram, ["run", "a.contour", "--enforce", "--name", "web", ...service], {
    cwd: place,
    env: { PATH: SYSTEM_PATH, HOME: place, LC_ALL: "C", XDG_RUNTIME_DIR: at("run") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (piece: Buffer) => (said += piece.toString("utf8")));
  const ended = new Promise((resolve) => child.on("close", resolve));
  await expect.poll(() => existsSync(at("log/web")), { timeout: STARVED_MS }).toBe(true);
  rotate();
  writeFileSync(at("told"), "");
  await ended;
  return said;
}

const learns = async () => {
  writeFileSync(at("told"), "");
  await run("learn", "-q", "--merge", "-o", "a.contour", ...service);
};

describe.skipIf(!isBuilt)("a log under enforce (needs a build)", { timeout: 4 * STARVED_MS }, () => {
  it("may be rotated where a start with the log and one without it were learnt", async () => {
    await learns();
    await learns();
    rmSync(at("log/web"));
    const said = await rotatedUnder(() => renameSync(at("log/web"), at("log/web.1")));
    expect(said).toContain("on contour");
    expect([readFileSync(at("log/web.1"), "utf8"), readFileSync(at("log/web"), "utf8")]).toEqual(["one\n", "two\n"]);
  });

  it("that is made from outside with another mode is refused, is accepted by name, and is written to from then on", async () => {
    await learns();
    await learns();
    const rotate = () => {
      renameSync(at("log/web"), at("log/web.1"));
      writeFileSync(at("log/web"), "", { mode: 0o600 });
    };
    rmSync(at("log/web"));
    const said = await rotatedUnder(rotate);
    expect(said).toMatch(/refused, off contour: .*log\/web for writing and appending; now mode 0600 \(learnt: 0644\)/);
    expect((await run("accept", "a.contour", "web", "--only", "path=$CWD/log/")).stderr).toContain(
      "1 departure accepted",
    );
    rmSync(at("log/web"));
    expect(await rotatedUnder(rotate)).toContain("on contour");
    expect(readFileSync(at("log/web"), "utf8")).toBe("two\n");
  });
});

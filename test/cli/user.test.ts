/** `--user`: a workload that starts as another user, as if that user had started isoline. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isoline } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";

const NOBODY = 65_534;
const workload = ["sh", fileURLToPath(new URL("../vm/guest/workload.sh", import.meta.url))];

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), "isoline-user-"));
  chmodSync(cwd, 0o777);
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const textOf = (contour: string) => readFileSync(join(cwd, contour), "latin1");

describe.skipIf(!isRoot)("--user (needs root)", () => {
  it("learns what that user would have learnt", async () => {
    const home = { env: { HOME: "/nonexistent" } };
    const own = await isoline(["learn", "-q", "-o", "own.contour", "--", ...workload], { cwd, uid: NOBODY, ...home });
    const as = await isoline(["learn", "-q", "--user", "nobody", "-o", "as.contour", "--", ...workload], { cwd });
    expect([own.status, own.stderr, as.status, as.stderr]).toEqual([0, "", 0, ""]);
    expect(textOf("as.contour")).toBe(textOf("own.contour"));
    const { stdout } = await isoline(["diff", "own.contour", "as.contour"], { cwd });
    expect(stdout).toBe("");
  });

  it("gives it that user's ids, groups and home, and none of root's capabilities", async () => {
    const command = [
      "sh",
      "-c",
      "id -u; id -g; id -G; echo $HOME $USER; grep -c '^CapEff:.*[1-9a-f]' /proc/self/status",
    ];
    const learn = (user: string) =>
      isoline(["learn", "-q", "--user", user, "-o", `${user}.contour`, "--", ...command], { cwd });
    expect((await learn("nobody")).stdout).toBe("65534\n65534\n65534\n/nonexistent nobody\n0\n");
    expect((await learn("4711:4712")).stdout).toBe("4711\n4712\n4712\n/\n0\n");
  });

  it("refuses an unknown user, and what only root can do, each with a message", async () => {
    const learn = (user: string, uid?: number) =>
      isoline(["learn", "-o", "none.contour", "--user", user, "--", "true"], { cwd, uid });
    const absent = await learn("no such user");
    expect(absent.status).toBe(2);
    expect(absent.stderr).toMatch(/expected a user of this machine, or UID:GID, got "no such user"; see getent passwd/);
    const unprivileged = await learn("root", NOBODY);
    expect(unprivileged.status).toBe(2);
    expect(unprivileged.stderr).toMatch(/--user needs root/);
    const beyond = await learn("4294967295:0");
    expect(beyond.status).toBe(2);
    expect(beyond.stderr).toMatch(/expected ids of at most 4294967294/);
  });
});

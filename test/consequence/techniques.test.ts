/** What the console says first: the essential act of a technique, whatever else its programs do. */
import { spawnSync } from "node:child_process";
import { createServer, type Server } from "node:http";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt, isoline, SYSTEM_PATH } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { page } from "./page.ts";
import { type Technique, techniques } from "./techniques.ts";

const FILES: Readonly<Record<string, string>> = {
  "home/.ssh/id_ed25519": "SECRET\n",
  "home/.aws/credentials": "key=SECRET\n",
  "home/.bash_history": "mysql -pSECRET\n",
  "home/.bashrc": "# a profile\n",
  "home/.config/gh/hosts.yml": "token: SECRET\n",
  "home/.config/google-chrome/Default/Login Data": "SECRET\n",
  "home/.password-store/mail.gpg": "SECRET\n",
  "home/documents/thesis.txt": "years of work\n",
  "project/data.txt": "a\n",
  "project/evil.sh": "true\n",
};

const has = (program: string) => spawnSync("which", [program], { env: { PATH: SYSTEM_PATH } }).status === 0;

describe.skipIf(!isBuilt)("the first line about a technique (needs a build)", () => {
  let place = "";
  let server: Server;

  function scene(): string {
    const scene = mkdtempSync(join(place, "scene-"));
    for (const [path, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(scene, path)), { recursive: true });
      writeFileSync(join(scene, path), text);
    }
    mkdirSync(join(scene, "tmp"));
    return scene;
  }

  const environment = (at: string) => ({ HOME: join(at, "home"), TMPDIR: join(at, "tmp") });

  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), "isoline-techniques-"));
    server = createServer((_, response) => response.end("#!/bin/sh\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const at = scene();
    const start = { cwd: join(at, "project"), env: environment(at) };
    const { status } = await isoline(["learn", "-q", "-o", join(place, "a.contour"), "--", "sh", "-c", "true"], start);
    if (status !== 0) throw new Error(`learning ended with ${status}`);
  });
  afterAll(() => {
    server?.close();
    rmSync(place, { recursive: true, force: true });
  });

  for (const technique of techniques) {
    const { id, name, needs, asRoot } = technique;
    const mayRun = (needs === undefined || has(needs)) && (!asRoot || isRoot);
    it.skipIf(!mayRun)(`${id}, ${name}`, async () => {
      const at = scene();
      const { port } = server.address() as AddressInfo;
      const script = technique.script.replaceAll("PORT", String(port));
      const start = { cwd: join(at, "project"), env: environment(at) };
      const { status, stderr } = await isoline(["check", join(place, "a.contour"), "--", "sh", "-c", script], start);
      const first = stderr.split("\n").find((line) => line.startsWith("isoline: ")) ?? "";
      expect(first).toMatch(essential(technique, port));
      expect(status).toBe(3);
    });
  }
});

it("docs/consequences.md has the table and the techniques (`npx vitest run test/consequence -u` writes it)", async () => {
  await expect(page()).toMatchFileSnapshot("../../docs/consequences.md");
});

function essential({ by, did }: Technique, port: number): RegExp {
  const program = by.replaceAll(/[()]/g, "\\$&");
  const actor = by === "" ? "[^;]*" : `\`${program}[^\`]*\` (?:\\([^;]*\\) )?`;
  return new RegExp(`^isoline: off contour: ${actor}(?:${did.replaceAll("PORT", String(port))})`);
}

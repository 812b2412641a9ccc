/** A profile of another system beside a contour: what learning confirms, and what it removes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAppArmor } from "../../packages/isoline/src/prior/apparmor.ts";
import { readKubescape } from "../../packages/isoline/src/prior/kubescape.ts";
import { isBuilt, isoline } from "../support/isoline.ts";

const PROFILE = `abi <abi/4.0>,
include <tunables/global>
profile app /usr/bin/sh {
  include <abstractions/base>
  capability chown,
  deny /etc/shadow r,
  /{usr/,}bin/{cat,dash} mrix,
  owner @{PROC}/@{pid}/maps r,
  "/**/in file.txt" r, # what it reads
  /opt/never/** rw,
  network inet stream,
}
`;

describe.skipIf(!isBuilt)("an imported profile", () => {
  let cwd: string;
  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), "isoline-import-"));
    writeFileSync(join(cwd, "in file.txt"), "text\n");
    await isoline(["learn", "-o", "app.contour", "--", "sh", "-c", 'cat "in file.txt" >out.txt'], { cwd });
  });
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  it("of AppArmor: says what is confirmed, what nothing needs, and what no rule permits", async () => {
    writeFileSync(join(cwd, "profile"), PROFILE);
    const { status, stdout } = await isoline(["import", "profile", "app.contour", "--from", "apparmor", "--json"], {
      cwd,
    });
    const told = JSON.parse(stdout);
    expect(status).toBe(0);
    expect(told.confirmed).toEqual(["/{usr/,}bin/{cat,dash} mrix", '"/**/in file.txt" r']);
    expect(told.unseen).toEqual(
      ["owner @{PROC}/@{pid}/maps r", "/opt/never/** rw", "network inet stream"].map((rule) =>
        rule.replace("owner ", ""),
      ),
    );
    expect(told.lacking.some((line: string) => line.endsWith("/out.txt"))).toBe(true);
    expect(told.unread).toContain("deny /etc/shadow r");
  });

  it("that cannot be read is refused with one line", async () => {
    writeFileSync(join(cwd, "broken"), "kind: [");
    for (const [format, file] of [
      ["kubescape", "broken"],
      ["kubescape", "profile"],
      ["apparmor", "missing"],
    ] as const) {
      const { status, stdout, stderr } = await isoline(["import", file, "app.contour", "--from", format], { cwd });
      expect([file, status, stdout, stderr.trimEnd().split("\n").length]).toEqual([file, 1, "", 1]);
    }
  });
});

describe("profiles from outside", () => {
  it.skipIf(!readdir("/etc/apparmor.d"))("every profile that Debian ships is read", () => {
    const rules = (readdir("/etc/apparmor.d") ?? [])
      .filter((name) => name !== "abi" && !name.startsWith("."))
      .flatMap((name) => {
        try {
          return readAppArmor(readFileSync(`/etc/apparmor.d/${name}`, "utf8")).rules;
        } catch (fault) {
          if ((fault as NodeJS.ErrnoException).code === "EISDIR") return [];
          throw fault;
        }
      });
    expect(rules.length).toBeGreaterThan(100);
  });

  it("any text is read or refused, and a pattern with many stars takes no time that grows with their combinations", async () => {
    const codeOf = async (read: (text: string) => unknown, text: string) => {
      try {
        await read(text);
        return "read";
      } catch (fault) {
        return (fault as { code?: string }).code;
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 200 }), async (text) => {
        for (const read of [readAppArmor, readKubescape])
          expect(["read", "bad-policy"]).toContain(await codeOf(read, text));
      }),
    );
    const [rule] = readAppArmor(`/${"a*".repeat(500)} r,`).rules;
    expect(rule?.kind === "file" && rule.pattern.matches(`/${"a".repeat(4000)}b/`)).toBe(false);
    expect(() => readAppArmor(`/${"{a,b}".repeat(40)} r,`)).toThrow("more than 256 patterns");
  });
});

function readdir(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch {
    return undefined;
  }
}

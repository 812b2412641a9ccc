/** The Debian package: lintian checks it, and it is installed, used and removed in a minimal Debian root. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt } from "../support/isoline.ts";
import { has, inMinimalRoot, mayBootstrap } from "./minimal-root.ts";
import { isCI } from "../support/machine.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));

describe.skipIf(!isCI || !isBuilt || !has("dpkg-deb"))(
  "Debian package (only in CI; needs a build and dpkg-deb)",
  () => {
    const place = mkdtempSync(join(tmpdir(), "isoline-deb-test-"));
    let file = "";

    beforeAll(() => {
      execFileSync(process.execPath, [join(repository, "tools/deb.mjs"), place], { stdio: "pipe" });
      file = join(place, readdirSync(place).find((name) => name.endsWith(".deb")) ?? "");
    });
    afterAll(() => rmSync(place, { recursive: true, force: true }));

    it("contains commands, manual pages, completions, a unit and a runtime for podman, and no script", () => {
      const held = execFileSync("dpkg-deb", ["-c", file], { encoding: "utf8", maxBuffer: 2 ** 26 });
      for (const path of [
        "/usr/bin/isoline ->",
        "/usr/bin/isoline-runc ->",
        "/usr/share/man/man1/isoline-check.1.gz",
        "/usr/share/bash-completion/completions/isoline",
        "/usr/lib/systemd/system/isoline@.service",
        "/usr/lib/systemd/system/isoline-agent.service",
        "/etc/containers/containers.conf.d/50-isoline.conf",
        // Messages name pages of this folder.
        "/usr/share/doc/isoline/docs/install.md",
      ])
        expect(held).toContain(path);
      const control = execFileSync("dpkg-deb", ["-I", file], { encoding: "utf8" });
      expect(control).not.toMatch(/preinst|postinst|prerm|postrm/);
    });

    it.skipIf(!has("lintian"))("lintian reports nothing that is not explained (needs lintian)", () => {
      const { stdout, status } = spawnSync("lintian", ["--allow-root", file], { encoding: "utf8" });
      expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
    });

    it.skipIf(!mayBootstrap)(
      "is installed, used and removed in a minimal root (CI; needs root, mmdebstrap)",
      { timeout: 600_000 },
      () => {
        const { status, stderr, out } = inMinimalRoot({
          packages: ["nodejs"],
          files: { [file]: "/isoline.deb" },
          script: `set -eu
         dpkg -i /isoline.deb
         isoline --version
         isoline-runc --version || true
         cd /tmp
         isoline learn -o a.contour -- cat /etc/hostname
         isoline check a.contour -- cat /etc/hostname
         isoline check a.contour -- cat /etc/passwd || echo "ended with $?"
         su nobody -s /bin/sh -c "cd /tmp && isoline check a.contour -- cat /etc/passwd" || echo "as nobody: ended with $?"
         dpkg -P isoline
         find / -xdev -iname '*isoline*' -not -path '/proc/*' -not -path '/tmp/*' -not -path '/isoline.deb' -not -path '/var/cache/*' \\
           -not -path '/var/lib/dpkg/*' -not -path '/root/.cache/*'
         echo left nothing`,
        });
        expect({ status, stderr, out }).toMatchObject({ status: 0, out: expect.stringContaining("all new") });
        expect(out).toContain("isoline: on contour");
        expect(out).toMatch(/opened \/etc\/passwd/);
        expect(out).toContain("ended with 3");
        expect(out).toContain("as nobody: ended with 3");
        expect(out).toMatch(/Purging|Removing isoline/);
        expect(out.trim().endsWith("left nothing")).toBe(true);
      },
    );
  },
);

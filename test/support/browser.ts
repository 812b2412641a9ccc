/** A page of its own in Debian's Chromium, for modules that are to run without Node. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type InputOptions, rolldown } from "rolldown";

export const CHROMIUM = "/usr/bin/chromium";
export const hasBrowser = existsSync(CHROMIUM);

/** Modules for a browser in one script, which gives them the name `isoline`. */
export async function bundled(options: InputOptions): Promise<string> {
  const build = await rolldown({ ...options, platform: "browser" });
  const { output } = await build.generate({ format: "iife", name: "isoline", minify: true });
  await build.close();
  if (output.length !== 1) throw new Error(`expected one script, got ${output.length}`);
  return output[0].code;
}

/** What the body of an async function returns on a page with this bundle, as JSON has it; null if it does not end. */
export function onPage(bundle: string, body: string): unknown {
  const place = mkdtempSync(join(tmpdir(), "isoline-browser-"));
  try {
    const script = `(async () => {
      const told = await (async () => { ${body} })();
      document.body.textContent = "told" + btoa(JSON.stringify(told)) + "told";
    })()`;
    const page = join(place, "page.html");
    // In a script element, nothing may look like the end of one.
    const element = (code: string) => `<script>${code.replaceAll("</", "<\\/")}</script>`;
    writeFileSync(page, `<!doctype html><meta charset="utf-8"><body>${element(bundle)}${element(script)}</body>`);
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"];
    const more = ["--disable-component-update", "--virtual-time-budget=20000", `--user-data-dir=${place}/profile`];
    const dom = execFileSync(CHROMIUM, [...flags, ...more, "--dump-dom", `file://${page}`], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 50_000,
      maxBuffer: 2 ** 26,
    });
    const [, encoded = ""] = /told([A-Za-z0-9+/=]+)told/.exec(dom) ?? [];
    return JSON.parse(Buffer.from(encoded, "base64").toString("utf8") || "null");
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

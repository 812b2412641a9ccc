/** The documents as a site: built without a dead link, and read in a browser as a reader would: a page, its menu, the search. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isCI } from "../support/machine.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const CHROMIUM = "/usr/bin/chromium";
/** The generator and a browser take a minute and packages of their own, so this runs only in CI. */
const mayBuild = isCI && existsSync(CHROMIUM);
const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

/** The part of the driver that this test uses. The driver is installed beside the generator, not with the project. */
interface Page {
  goto(url: string): Promise<unknown>;
  click(selector: string): Promise<void>;
  fill(selector: string, text: string): Promise<void>;
  textContent(selector: string): Promise<string | null>;
  waitForSelector(selector: string): Promise<unknown>;
  url(): string;
}
interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

describe.skipIf(!mayBuild)("the site (CI; needs chromium)", () => {
  const out = join(repository, "dist/site");
  let server: Server;
  let browser: Browser;
  let page: Page;
  let address = "";

  beforeAll(async () => {
    execFileSync(process.execPath, [join(repository, "tools/site.mjs")], { stdio: "pipe", timeout: 280_000 });
    server = createServer((request, response) => {
      const path = join(out, new URL(request.url ?? "/", "http://localhost").pathname);
      const file = existsSync(path) && statSync(path).isDirectory() ? join(path, "index.html") : path;
      response.writeHead(existsSync(file) ? 200 : 404, { "content-type": TYPES[extname(file)] ?? "application/json" });
      response.end(existsSync(file) ? readFileSync(file) : "");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const driver = pathToFileURL(join(repository, "site/node_modules/playwright-core/index.mjs")).href;
    const { chromium } = (await import(driver)) as { chromium: { launch(options: object): Promise<Browser> } };
    const args = [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ];
    browser = await chromium.launch({ executablePath: CHROMIUM, args });
    page = await browser.newPage();
  }, 300_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  it("begins with what isoline is", async () => {
    await page.goto(`${address}/index.html`);
    expect(await page.textContent("h1")).toContain("isoline");
  });

  it("leads from the menu to a page", async () => {
    await page.click('.VPSidebar a:has-text("Exit statuses")');
    await page.waitForSelector('h1:has-text("Exit statuses")');
    expect(page.url()).toContain("exit-codes");
  });

  it("finds a word on another page", async () => {
    await page.click("button.DocSearch");
    await page.fill("input.search-input", "canister");
    await page.waitForSelector("ul.results a");
    expect(await page.textContent("ul.results")).toMatch(/canister/i);
  });
});

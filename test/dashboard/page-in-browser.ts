/** The page of a fleet in Debian's Chromium, as a person sees it. */
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { CHROMIUM } from "../support/browser.ts";

/** Where the pictures of the page are, for eyes. */
const pictures = join(tmpdir(), "isoline-dashboard");

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });

/** A tab, and everything on it that a person would not see but that is wrong. */
export interface Tab extends AsyncDisposable {
  readonly page: Page;
  /** Errors of scripts, messages of the content security policy, and failed requests. */
  readonly wrong: string[];
  /** The hosts that were asked. */
  readonly hosts: Set<string>;
}

export async function openTab(
  browser: Browser,
  address: string,
  token?: string,
  options: BrowserContextOptions = {},
): Promise<Tab> {
  const context = await browser.newContext({
    viewport: { width: 1600, height: 1000 },
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  const wrong: string[] = [];
  const hosts = new Set<string>();
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) wrong.push(message.text());
  });
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  page.on("dialog", (dialog) => {
    wrong.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(address);
  if (token !== undefined) {
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
  }
  return { page, wrong, hosts, [Symbol.asyncDispose]: () => context.close() };
}

/** What becomes of a script whose text the page itself puts into the document: "ran" or "refused". */
export const inlineScript = ({ page }: Tab): Promise<unknown> =>
  page.evaluate(`new Promise((done) => {
    const script = document.createElement("script");
    document.addEventListener("securitypolicyviolation", () => done("refused"), { once: true });
    try { script.textContent = "window.owned = 1"; document.body.append(script); } catch { done("refused"); }
    setTimeout(() => done(window.owned === 1 ? "ran" : "refused"), 1000);
  })`);

/** Takes a picture of the whole page. */
export async function picture(page: Page, name: string): Promise<string> {
  mkdirSync(pictures, { recursive: true });
  const path = join(pictures, `${name}.png`);
  await page.screenshot({ path, fullPage: true });
  return path;
}

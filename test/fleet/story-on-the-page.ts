/** The page of the story's verifier in a browser: what a person who has it open sees while the story is told. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { launchBrowser, openTab, type Tab } from "../dashboard/page-in-browser.ts";

const squeezed = (text: string) => text.replace(/\s+/g, " ");

export class StoryOnThePage implements AsyncDisposable {
  #said = "";
  #browser: Promise<Browser> | undefined;
  #fleet: Promise<Tab> | undefined;
  #seen: Promise<{ readonly canister: string; readonly node: string }> | undefined;

  /** Takes what the story prints. */
  hear(text: string): void {
    this.#said += text;
    const [, url] = /^It listens at (\S+)\. /m.exec(this.#said) ?? [];
    if (url !== undefined) this.#fleet ??= this.#open(url);
    // The attack is over, and the canister stays what it is until its contour is amended.
    if (url !== undefined && /^6 {2}A forged past/m.test(this.#said)) this.#seen ??= this.#look(url);
  }

  /** What the pages of the attacked canister and of its node said after the attack. */
  async seen(): Promise<{ readonly canister: string; readonly node: string }> {
    if (this.#seen === undefined) throw new Error("the story did not come to the end of the attack");
    return this.#seen;
  }

  /** The latest changes, the newest first, as the page that was open all the time has them; and what was wrong on it. */
  async latest(): Promise<{ readonly changes: readonly string[]; readonly wrong: readonly string[] }> {
    if (this.#fleet === undefined) throw new Error("the story started no verifier");
    const { page, wrong } = await this.#fleet;
    return { changes: (await page.locator(".latest li").allInnerTexts()).map(squeezed), wrong };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#browser)?.close();
  }

  async #open(url: string): Promise<Tab> {
    const [, root = ""] = /in a directory of its own: (\S+)$/m.exec(this.#said) ?? [];
    const token = readFileSync(join(root, "home/.config/isoline/token"), "utf8").trim();
    this.#browser ??= launchBrowser();
    const tab = await openTab(await this.#browser, url, token);
    await tab.page.getByText("live", { exact: true }).waitFor();
    return tab;
  }

  async #look(url: string) {
    const fleet = await this.#fleet;
    if (fleet === undefined) throw new Error(`expected an open page of ${url}`);
    const page = await fleet.page.context().newPage();
    const token = await fleet.page.evaluate<string>("sessionStorage.getItem('isoline.token')");
    await page.goto(url);
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
    const textAt = async (hash: string, title: string, part: string) => {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
      await page.locator(part).first().waitFor();
      return squeezed(await page.locator("main").innerText());
    };
    const canister = await textAt("#/nodes/node-1/canisters/web", "web", ".departures");
    const node = await textAt("#/nodes/node-1", "node-1", "[aria-label^='Checks of the node']");
    await page.close();
    return { canister, node };
  }
}

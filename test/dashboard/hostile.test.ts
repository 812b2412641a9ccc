/** What a hostile node says, in a browser: it stays text, and what cannot be seen is shown. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repository } from "../../tools/run.mjs";
import { filesUnder } from "../../tools/sources.mjs";
import { hasBrowser } from "../support/browser.ts";
import { hostileNames } from "./made-fleet.ts";
import { MadeVerifier, TOKEN } from "./made-verifier.ts";
import { inlineScript, launchBrowser, openTab, type Tab } from "./page-in-browser.ts";

const sources = filesUnder(repository, "packages/dashboard").filter(
  (path) => !/\/node_modules\/|\.test\.ts$/.test(path),
);

describe("the sources of the page", () => {
  it("turn no text into markup, styles or code", () => {
    const forbidden =
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|createContextualFragment|\beval\b|new Function|setTimeout\(\s*["'`]|setAttribute\(|javascript:/i;
    expect("dangerouslySetInnerHTML").toMatch(forbidden);
    const found = sources
      .filter((path) => /\.(tsx?|html)$/.test(path) && !path.endsWith(".test.ts"))
      .filter((path) => forbidden.test(readFileSync(join(repository, path), "utf8")));
    expect(sources.length).toBeGreaterThan(30);
    expect(found).toStrictEqual([]);
  });

  it("have no style and no script within the document", () => {
    const html = readFileSync(join(repository, "packages/dashboard/index.html"), "utf8");
    expect(html).not.toMatch(/<style|style=|<script(?![^>]*\bsrc=)|\son\w+=/);
  });

  it("name no other host", () => {
    const found = sources
      .filter((path) => /\.(tsx?|html|css)$/.test(path))
      .filter((path) => /https?:\/\/(?!www\.w3\.org\/2000\/svg)/.test(readFileSync(join(repository, path), "utf8")));
    expect(found).toStrictEqual([]);
  });
});

describe.skipIf(!hasBrowser)("a hostile node on the page", () => {
  let browser: Browser;
  let verifier: MadeVerifier;
  let tab: Tab;
  beforeAll(async () => {
    browser = await launchBrowser();
    verifier = await MadeVerifier.start(12, { hostile: true });
    for (const [index, name] of hostileNames.entries()) {
      const node = verifier.nodes[index];
      if (node !== undefined) Object.assign(node, { why: name, kernel: name, labels: { [name]: name }, tenant: name });
    }
    const first = verifier.nodes[0];
    if (first !== undefined) first.name = hostileNames[0];
    tab = await openTab(browser, verifier.address, TOKEN);
    await tab.page.getByText("12 nodes", { exact: true }).waitFor();
  });
  afterAll(async () => {
    await tab[Symbol.asyncDispose]();
    await verifier[Symbol.asyncDispose]();
    await browser.close();
  });

  const node = `#/nodes/${encodeURIComponent(hostileNames[0])}`;
  const canister = `${node}/canisters/${encodeURIComponent(hostileNames[0])}`;
  const views = ["#/?view=list", "#/?group=tenant", node, canister, "#/canisters", "#/policy", "#/changes", "#/%"];

  /** Elements that names could have become, and the title that they would have set. */
  const whatNamesBecame = `[...document.querySelectorAll("img, iframe, object, embed, a[href^=javascript], script:not([src]), style")]
    .map((one) => one.outerHTML).concat(document.title.includes("owned") && !document.title.includes("<") ? ["title"] : [])`;
  const goTo = async (hash: string) => {
    await tab.page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await tab.page.locator(".waiting").first().waitFor({ state: "detached" });
    await tab.page.getByRole("heading", { level: 1 }).waitFor();
  };

  it.each(views)("stays text in %s", async (hash) => {
    await goTo(hash);
    verifier.turn({
      node: hostileNames[0],
      label: hostileNames[1],
      from: "affirming",
      to: "contraindicated",
      why: hostileNames[2],
    });
    await tab.page.waitForTimeout(400);
    expect(await tab.page.evaluate(whatNamesBecame)).toStrictEqual([]);
    expect(await tab.page.evaluate("document.body.innerText")).not.toMatch(/[\p{Cf}\x00-\x08\x0b-\x1f]/u);
    expect(tab.wrong).toStrictEqual([]);
  });

  it("shows markup as it was written, and every hidden character as an escape", async () => {
    await goTo(canister);
    const text = await tab.page.evaluate("document.querySelector('.departures').innerText");
    expect(text).toContain(`opened ${hostileNames[1]} for writing`);
    expect(text).toContain("opened /tmp/photo\\u{202e}gpj.exe for writing");
    expect(text).toContain("/tmp/\\u{2066}hidden\\u{2069}\\u{200b}name");
    expect(text).toContain("/tmp/a\\u{1b}[2J\\u{7}b");
  });

  it("gives each name its own direction, so that it moves nothing beside it", async () => {
    const style = "getComputedStyle(document.querySelector('.departures .said'))";
    expect(await tab.page.evaluate(`${style}.unicodeBidi + " " + ${style}.direction`)).toBe("isolate-override ltr");
  });

  it("draws the contour with such names, and has them as text", async () => {
    await goTo(canister);
    const map = tab.page.getByRole("group", { name: /^Map of/ });
    await map.getByRole("button", { name: "/tmp/photo\\u{202e}gpj.exe, 10 acts, 1 departure" }).click();
    expect(await tab.page.locator(".chosen-says").innerText()).toMatch(/photo\\u\{202e\}gpj\.exe: .*reads 10/);
    await tab.page.getByRole("group", { name: "Show as" }).getByRole("button", { name: "text" }).click();
    await tab.page.getByLabel("Search in the contour").fill("onerror photo");
    await tab.page.getByText("2 acts", { exact: true }).waitFor();
    expect(await tab.page.evaluate(whatNamesBecame)).toStrictEqual([]);
  });

  it("cannot be a policy's inline script either: the page runs none", async () => {
    expect(await inlineScript(tab)).toBe("refused");
  });
});

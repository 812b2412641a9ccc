/** The fleet at a glance, in a browser: five thousand nodes, found by keys and by pointer, live. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBrowser } from "../support/browser.ts";
import { MadeVerifier, TOKEN } from "./made-verifier.ts";
import { launchBrowser, openTab, type Tab } from "./page-in-browser.ts";

describe.skipIf(!hasBrowser)("the page of a fleet of 5 000 nodes", () => {
  let browser: Browser;
  let verifier: MadeVerifier;
  let tab: Tab;
  beforeAll(async () => {
    browser = await launchBrowser();
    verifier = await MadeVerifier.start(5_000);
    tab = await openTab(browser, verifier.address, TOKEN);
    await tab.page.getByText("5000 nodes", { exact: true }).waitFor();
  });
  afterAll(async () => {
    await tab[Symbol.asyncDispose]();
    await verifier[Symbol.asyncDispose]();
    await browser.close();
  });

  const option = () => tab.page.getByRole("listbox").getByRole("option").textContent();
  const filter = () => tab.page.getByLabel("Filter");

  it("counts nodes and canisters by state", async () => {
    const tiles = await tab.page.getByRole("list", { name: "Nodes by state" }).getByRole("listitem").allInnerTexts();
    expect(tiles.map((text) => text.replace(/\s+/g, " ").trim())).toContain("contraindicated 24 41 canisters");
  });

  it("holds few elements, however many nodes there are", async () => {
    expect(await tab.page.evaluate("document.querySelectorAll('*').length")).toBeLessThan(400);
    await tab.page.getByRole("button", { name: "list" }).click();
    await tab.page.getByRole("table", { name: "Nodes" }).waitFor();
    expect(await tab.page.evaluate("document.querySelectorAll('[role=row]').length")).toBeLessThan(60);
    expect(await tab.page.getByRole("table", { name: "Nodes" }).getAttribute("aria-rowcount")).toBe("5001");
    await tab.page.getByRole("button", { name: "map" }).click();
  });

  it("moves through the map by keys, and opens a node by Enter and leaves it by Escape", async () => {
    const map = tab.page.getByRole("listbox");
    await map.focus();
    await expect.poll(option).toMatch(/^ap-south-00003, affirming/);
    await map.press("ArrowRight");
    await expect.poll(option).toMatch(/^ap-south-00007, contraindicated, off-contour.*expected a state/);
    const active = () => map.getAttribute("aria-activedescendant");
    const second = await active();
    expect(await tab.page.locator(`[id="${second}"]`).innerText()).toMatch(/^ap-south-00007/);
    await map.press("ArrowRight");
    // A screen reader is told only where this changes.
    await expect.poll(active).not.toBe(second);
    await map.press("End");
    await expect.poll(option).toMatch(/^us-east-04998/);
    await map.press("Home");
    await map.press("ArrowDown");
    await map.press("ArrowUp");
    await expect.poll(option).toMatch(/^ap-south-00003/);
    await map.press("ArrowRight");
    await map.press("Enter");
    await tab.page.getByRole("heading", { level: 1, name: "ap-south-00007" }).waitFor();
    await expect.poll(() => tab.page.evaluate("document.activeElement.tagName")).toBe("H1");
    await tab.page.keyboard.press("Escape");
    await tab.page.getByRole("heading", { level: 1, name: "Fleet" }).waitFor();
  });

  it("filters from the key /, keeps the filter in the address, and lets go by Escape", async () => {
    await tab.page.getByRole("listbox").focus();
    await tab.page.keyboard.press("/");
    await tab.page.keyboard.type("state=stale region=eu* !rack=r13");
    await expect.poll(() => tab.page.locator("#filter-count").textContent()).toMatch(/^\d+ of 5000 nodes$/);
    expect(tab.page.url()).toContain("filter=state%3Dstale");
    const count = await tab.page.locator("#filter-count").textContent();
    const expected = verifier.nodes.filter(
      ({ state, labels }) => state === "stale" && labels["region"]?.startsWith("eu") && labels["rack"] !== "r13",
    ).length;
    expect(count).toBe(`${expected} of 5000 nodes`);
    await filter().press("Escape");
    expect(await filter().inputValue()).toBe("");
    await filter().press("Escape");
    expect(await tab.page.evaluate("document.activeElement === document.body")).toBe(true);
  });

  it("filters by a tile, and a second press takes that back", async () => {
    const tile = tab.page.getByRole("button", { name: /^revoked/ });
    await tile.click();
    expect(await filter().inputValue()).toBe("state=revoked");
    await expect.poll(() => tile.getAttribute("aria-pressed")).toBe("true");
    await tile.click();
    expect(await filter().inputValue()).toBe("");
  });

  it("shows the node under the pointer", async () => {
    await tab.page.locator("canvas").hover({ position: { x: 8, y: 8 } });
    await expect.poll(() => tab.page.locator(".looked").innerText()).toMatch(/^ap-south-00003\s+affirming/);
  });

  it("walks the list by keys, also to rows that were not in the document", async () => {
    await tab.page.getByRole("button", { name: "list" }).click();
    await tab.page.getByRole("link", { name: "ap-south-00003" }).focus();
    await tab.page.keyboard.press("End");
    await expect.poll(() => tab.page.evaluate("document.activeElement.textContent")).toBe("us-east-04998");
    await tab.page.keyboard.press("PageUp");
    await tab.page.keyboard.press("Home");
    await expect.poll(() => tab.page.evaluate("document.activeElement.textContent")).toBe("ap-south-00003");
    await tab.page.getByRole("button", { name: "map" }).click();
  });

  it("lets Tab reach the rows in view, also far from the one that was chosen last", async () => {
    await tab.page.getByRole("button", { name: "list" }).click();
    const rows = tab.page.getByRole("table", { name: "Nodes" }).locator(".scroll");
    await rows.evaluate((box: { scrollTop: number }) => void (box.scrollTop = 50_000));
    await rows.getByRole("link", { name: "ap-south-00003" }).waitFor({ state: "detached" });
    expect(await rows.locator("a[tabindex='0']").count()).toBe(1);
    await tab.page.getByRole("button", { name: "map" }).click();
  });

  it("takes in a change at once, in the counts, in the list of changes and for screen readers", async () => {
    verifier.turn({
      node: "eu-west-00001",
      from: "affirming",
      to: "contraindicated",
      failure: "rollback",
      why: "the TPM's clock went back",
    });
    const tile = tab.page.getByRole("button", { name: /^contraindicated/ });
    await expect.poll(() => tile.innerText()).toMatch(/\b25\b/);
    const latest = tab.page.getByRole("complementary", { name: "Latest changes" });
    expect(await latest.innerText()).toMatch(/eu-west-00001\s+contraindicated[^]*rollback\s+the TPM's clock went back/);
    await expect
      .poll(() => tab.page.locator("[aria-live=polite]").allTextContents(), { timeout: 10_000 })
      .toContain("eu-west-00001 is contraindicated: the TPM's clock went back");
  });

  it("groups by a label", async () => {
    await tab.page.getByLabel("Group").selectOption("label region");
    await tab.page.getByRole("listbox").focus();
    await tab.page.keyboard.press("Home");
    await expect.poll(option).toMatch(/^ap-south-/);
    await tab.page.keyboard.press("End");
    await expect.poll(option).toMatch(/^us-east-/);
    await tab.page.getByLabel("Group").selectOption("");
  });

  it("asks no other host, and breaks no rule of its content security policy", () => {
    expect([...tab.hosts]).toStrictEqual([new URL(verifier.address).host]);
    expect(tab.wrong).toStrictEqual([]);
  });
});

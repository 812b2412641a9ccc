/** Who may look, and what the page says when the verifier is not there: old data is never shown as new. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBrowser } from "../support/browser.ts";
import { isCI } from "../support/machine.ts";
import { MadeVerifier, TOKEN } from "./made-verifier.ts";
import { launchBrowser, openTab } from "./page-in-browser.ts";

describe.skipIf(!hasBrowser)("the page and its verifier", () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launchBrowser()));
  afterAll(() => browser.close());

  it("follows the changes again after a break, from the last one that it has seen", async () => {
    await using verifier = await MadeVerifier.start(20);
    await using tab = await openTab(browser, verifier.address, TOKEN);
    const [first, second] = verifier.nodes;
    await tab.page.getByText("live", { exact: true }).waitFor();
    verifier.turn({ node: first!.name, from: "affirming", to: "stale" });
    await tab.page.locator(".latest li").filter({ hasText: first!.name }).waitFor();
    const lists = () => verifier.asked.filter(({ what }) => what.startsWith("GET /v1/nodes?limit=1000")).length;
    const before = lists();
    verifier.cut();
    verifier.turn({ node: second!.name, from: "affirming", to: "contraindicated", why: "during the break" });
    await tab.page.locator(".latest li").filter({ hasText: "during the break" }).waitFor();
    const streams = verifier.asked.filter(({ what }) => what === "GET /v1/changes");
    expect(streams.map(({ lastEventId }) => lastEventId)).toStrictEqual([undefined, "1"]);
    await expect.poll(lists).toBe(before + 1);
  });

  it("takes a node away that is gone, and says so", async () => {
    await using verifier = await MadeVerifier.start(20);
    await using tab = await openTab(browser, verifier.address, TOKEN);
    await tab.page.getByText("20 nodes", { exact: true }).waitFor();
    await tab.page.getByText("live", { exact: true }).waitFor();
    const [first] = verifier.nodes;
    verifier.turn({ node: first!.name, from: "stale", to: "gone", why: "it was stale for 30 days" });
    await tab.page.getByText("19 nodes", { exact: true }).waitFor();
    const said = tab.page.locator(".latest li").filter({ hasText: first!.name });
    expect(await said.innerText()).toMatch(/gone[^]*it was stale for 30 days/);
  });

  it("shows the node under the pointer as it is, and not as it was when it was pointed at", async () => {
    await using verifier = await MadeVerifier.start(20);
    await using tab = await openTab(browser, verifier.address, TOKEN);
    await tab.page.getByText("20 nodes", { exact: true }).waitFor();
    await tab.page.getByText("live", { exact: true }).waitFor();
    await tab.page.locator("canvas").hover({ position: { x: 8, y: 8 } });
    const looked = tab.page.locator(".looked");
    await looked.getByRole("link", { name: "ap-south-00003" }).waitFor();
    verifier.turn({ node: "ap-south-00003", from: "affirming", to: "contraindicated", why: "the clock went back" });
    await expect.poll(() => looked.innerText()).toMatch(/contraindicated[^]*the clock went back/);
    verifier.turn({ node: "ap-south-00003", from: "contraindicated", to: "gone" });
    await expect.poll(() => looked.innerText()).toMatch(/^Point at a mark/);
  });

  it("tells ages by the verifier's clock, where the browser's is set wrong", async () => {
    await using verifier = await MadeVerifier.start(1);
    verifier.ahead = 3_600_000;
    await using tab = await openTab(browser, `${verifier.address}#/?view=list`, TOKEN);
    const row = tab.page.getByRole("table", { name: "Nodes" }).getByRole("row").nth(1);
    await expect.poll(() => row.innerText()).toMatch(/\b1 h ago/);
  });

  it("reads the list anew when the verifier was set back", async () => {
    await using verifier = await MadeVerifier.start(20);
    await using tab = await openTab(browser, verifier.address, TOKEN);
    await tab.page.getByText("live", { exact: true }).waitFor();
    const lists = () => verifier.asked.filter(({ what }) => what.startsWith("GET /v1/nodes?limit=1000")).length;
    const before = lists();
    verifier.setBack();
    await expect.poll(lists).toBe(before + 1);
  });

  it("says that it is not live while the verifier is gone, and becomes live again", async () => {
    await using verifier = await MadeVerifier.start(20);
    await using tab = await openTab(browser, verifier.address, TOKEN);
    await tab.page.getByText("live", { exact: true }).waitFor();
    verifier.gone = true;
    verifier.cut();
    const alert = tab.page.getByRole("alert").filter({ hasText: "what is shown may be old" });
    await alert.waitFor();
    // Screen readers read the whole of it again whenever a part changes, so none does.
    expect(await alert.innerText()).toMatch(/^Not live since [\d-]+ [\d:]+ UTC: what is shown may be old\.$/);
    expect(await tab.page.locator("main").getAttribute("class")).toBe("old");
    await tab.page.getByText("the store is gone; ask again").waitFor();
    verifier.gone = false;
    await tab.page.getByText("live", { exact: true }).waitFor();
    expect(await tab.page.locator("main").getAttribute("class")).toBe("");
  });

  it("refuses a wrong token in the verifier's words, and shows nothing", async () => {
    await using verifier = await MadeVerifier.start(20);
    await using tab = await openTab(browser, verifier.address, "another-token");
    expect(await tab.page.getByRole("alert").innerText()).toContain(
      "expected a known token, got another one; sign in again",
    );
    expect(await tab.page.locator("main").innerText()).not.toContain("eu-north");
  });

  it("goes back to sign in when the token is no longer known", async () => {
    await using verifier = await MadeVerifier.start(20);
    await using tab = await openTab(browser, verifier.address, TOKEN);
    await tab.page.getByText("20 nodes", { exact: true }).waitFor();
    await tab.page.evaluate("sessionStorage.setItem('isoline.token', 'revoked')");
    await tab.page.reload();
    await tab.page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await tab.page.evaluate("sessionStorage.getItem('isoline.token')")).toBeNull();
  });

  it("keeps the token in this tab alone: in no address, no cookie, no lasting storage; signing out forgets it", async () => {
    await using verifier = await MadeVerifier.start(20);
    await using tab = await openTab(browser, verifier.address, TOKEN);
    await tab.page.getByText("20 nodes", { exact: true }).waitFor();
    const kept = await tab.page.evaluate("JSON.stringify([location.href, document.cookie, {...localStorage}])");
    expect(kept).not.toContain(TOKEN);
    expect(verifier.asked.map(({ what }) => what).join()).not.toContain(TOKEN);
    await tab.page.getByRole("button", { name: "Sign out" }).click();
    await tab.page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await tab.page.evaluate("sessionStorage.length")).toBe(0);
    expect(await tab.page.evaluate("document.body.innerText")).not.toContain("eu-north");
  });

  it("has nothing of a person for the next one in the same tab", async () => {
    await using verifier = await MadeVerifier.start(20);
    await using tab = await openTab(browser, verifier.address, TOKEN);
    await tab.page.getByText("live", { exact: true }).waitFor();
    const [first, second] = verifier.nodes;
    verifier.turn({ node: first!.name, from: "affirming", to: "stale", why: "of the first person" });
    const spoken = tab.page.locator("[aria-live=polite]");
    await expect.poll(() => spoken.innerText(), { timeout: 10_000 }).toContain("of the first person");
    await tab.page.locator(".latest").getByRole("link", { name: first!.name }).click();
    await tab.page.getByRole("heading", { level: 1, name: first!.name }).waitFor();
    await tab.page.getByRole("button", { name: "Sign out" }).click();
    await tab.page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await tab.page.evaluate("document.title + location.hash")).toBe("Sign in – isoline fleet#/");
    await tab.page.getByLabel("Token").fill(TOKEN);
    await tab.page.getByRole("button", { name: "Sign in" }).click();
    await tab.page.getByText("20 nodes", { exact: true }).waitFor();
    await tab.page.getByText("live", { exact: true }).waitFor();
    expect(await spoken.innerText()).toBe("");
    expect(await tab.page.locator(".latest").innerText()).toContain("No verdict has changed");
    verifier.turn({ node: second!.name, from: "affirming", to: "stale", why: "of the second person" });
    await expect.poll(() => spoken.innerText(), { timeout: 10_000 }).toMatch(/./);
    expect(await spoken.innerText()).toBe(`${second!.name} is stale: of the second person`);
  });

  it("says what cannot be a token", async () => {
    await using verifier = await MadeVerifier.start(1);
    await using tab = await openTab(browser, verifier.address, "two words");
    expect(await tab.page.getByRole("alert").innerText()).toContain(
      "Expected a token of printable letters without spaces",
    );
    expect(verifier.asked).toStrictEqual([]);
  });

  it("shows an answer that is no fleet as a fault, and not as an empty fleet", async () => {
    await using verifier = await MadeVerifier.start(3);
    await using tab = await openTab(browser, verifier.address);
    await tab.page.route("**/v1/nodes?*", (route) =>
      route.fulfill({ body: "<html>a proxy</html>", contentType: "text/html" }),
    );
    await tab.page.getByLabel("Token").fill(TOKEN);
    await tab.page.getByRole("button", { name: "Sign in" }).click();
    await tab.page.getByText("Expected JSON from the verifier, got something else").waitFor();
    expect(await tab.page.getByText("No node is enrolled yet").count()).toBe(0);
  });

  it.skipIf(!isCI)(
    "says of a fleet that is too large what it keeps, and lets the verifier filter (long: left to CI)",
    async () => {
      await using verifier = await MadeVerifier.start(21_000);
      await using tab = await openTab(browser, verifier.address, TOKEN);
      await tab.page.getByText(/The page keeps 20\W000 of 21\W000 nodes/).waitFor();
      await tab.page.getByLabel("Filter").fill("state=revoked");
      const revoked = verifier.nodes.filter(({ state }) => state === "revoked").length;
      await expect.poll(() => tab.page.locator("#filter-count").innerText()).toBe(`${revoked} nodes`);
      expect(verifier.asked.at(-1)?.what).toContain("state=revoked");
      await tab.page.getByLabel("Filter").press("Escape");
      await expect.poll(() => tab.page.locator("#filter-count").innerText(), { timeout: 60_000 }).toBe("20000 nodes");
    },
  );

  it("adds a node that is enrolled while the page is open", async () => {
    await using verifier = await MadeVerifier.start(3);
    await using tab = await openTab(browser, verifier.address, TOKEN);
    await tab.page.getByText("3 nodes", { exact: true }).waitFor();
    await tab.page.getByText("live", { exact: true }).waitFor();
    verifier.nodes.push({ ...verifier.nodes[0]!, name: "new-one" });
    verifier.turn({ node: "new-one", from: "unknown", to: "affirming" });
    await expect.poll(() => tab.page.locator("#filter-count").innerText()).toBe("4 nodes");
  });
});

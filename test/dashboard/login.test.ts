/** Signing in to the page at a real OpenID provider, in a real browser: what counts, and what does not. */
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import Provider from "oidc-provider";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBrowser } from "../support/browser.ts";
import { Rig } from "../verifier/rig.ts";
import { SoftwareNode } from "../verifier/software-node.ts";
import { launchBrowser, openTab, picture, type Tab } from "./page-in-browser.ts";

const people: Readonly<Record<string, object>> = {
  ola: { isoline_role: "operator", isoline_tenant: "acme", email: "ola@example.org" },
  bob: { isoline_role: "intern", isoline_tenant: "acme" },
};

const NOT_BEGUN = "This answer is not to a sign-in that this tab began";

interface Exchange {
  readonly code: string;
  readonly verifier: string;
  readonly nonce: string;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return (server.address() as AddressInfo).port;
}

describe.skipIf(!hasBrowser)("signing in to the page at the OpenID provider", () => {
  const rig = new Rig();
  const server = createServer();
  let browser: Browser;
  let tab: Tab;
  let issuer: string;
  /** Seconds that an identity token is valid. */
  let life = 3600;
  /** What the page sent to be exchanged, in order. */
  const exchanges: Exchange[] = [];
  /** Where the page sent the tab, and where the provider sent it back to. */
  const departures: URL[] = [];
  const returns: string[] = [];

  beforeAll(async () => {
    const free = createServer();
    const port = await listening(free);
    await new Promise((resolve) => free.close(resolve));
    issuer = `http://127.0.0.1:${await listening(server)}`;
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: "page",
          token_endpoint_auth_method: "none",
          redirect_uris: [`http://127.0.0.1:${port}/`],
          response_types: ["code"],
          grant_types: ["authorization_code"],
        },
      ],
      claims: { openid: ["sub", "isoline_role", "isoline_tenant"], email: ["email"] },
      conformIdTokenClaims: false,
      findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
      ttl: { IdToken: () => life },
      features: { devInteractions: { enabled: true } },
    });
    server.on("request", provider.callback());
    await rig.enrol([new SoftwareNode("node-1"), [new SoftwareNode("node-2"), "umbrella"]]);
    await rig.start({
      listen: `127.0.0.1:${port}`,
      people: {
        tokens: join(rig.place, "tokens"),
        oidc: { issuer, audience: "urn:isoline", page: { client: "page", redirect: `http://127.0.0.1:${port}/` } },
      },
    });
    browser = await launchBrowser();
    tab = await newTab("#/?view=list");
  });
  afterAll(async () => {
    await tab[Symbol.asyncDispose]();
    await browser.close();
    await rig.close();
    server.closeAllConnections();
    server.close();
  });

  async function newTab(view: string): Promise<Tab> {
    const opened = await openTab(browser, `${rig.address}/${view}`);
    // The provider's own pages ask for letters of another host, which tests do not reach.
    await opened.page.route(/googleapis/, (route) => route.abort());
    opened.page.on("request", (request) => {
      if (request.url().startsWith(`${issuer}/auth?`)) departures.push(new URL(request.url()));
      if (request.method() === "POST" && request.url() === `${rig.address}/v1/login`)
        exchanges.push(request.postDataJSON() as Exchange);
      if (request.url().startsWith(`${rig.address}/?code=`)) returns.push(request.url());
    });
    return opened;
  }

  const toProvider = ({ page }: Tab) =>
    page.getByRole("button", { name: `Continue with ${new URL(issuer).host}` }).click();

  /** Fills in the forms of the provider. */
  async function signInAs(who: string, { page }: Tab): Promise<void> {
    await page.getByPlaceholder("Enter any login").fill(who);
    await page.getByPlaceholder("and password").fill("any");
    await page.getByRole("button", { name: "Sign-in" }).click();
    await page.getByRole("button", { name: "Continue", exact: true }).click();
  }

  const kept = ({ page }: Tab) => page.evaluate<readonly string[]>("Object.keys(sessionStorage).sort()");

  /** A code that the provider has given and no verifier has seen: the page's own exchange is cut off. */
  async function unusedCode(): Promise<Exchange> {
    const before = exchanges.length;
    await tab.page.route("**/v1/login", (route) =>
      route.request().method() === "POST" ? route.abort() : route.continue(),
    );
    await toProvider(tab);
    await tab.page.getByText("The verifier cannot be reached").waitFor();
    await tab.page.unroute("**/v1/login");
    await tab.page.reload();
    return exchanges[before] as Exchange;
  }
  const exchange = (body: object) => rig.call<object>("POST", "/v1/login", { token: "", body });

  it("shows the nodes of the person's own tenant, in the view that was asked for", async () => {
    await picture(tab.page, "sign-in-at-provider");
    await toProvider(tab);
    await signInAs("ola", tab);
    const table = tab.page.getByRole("table", { name: "Nodes" });
    await table.waitFor();
    expect(await table.innerText()).toContain("node-1");
    expect(await tab.page.evaluate("document.body.innerText")).not.toContain("node-2");
    expect(tab.page.url()).toBe(`${rig.address}/#/?view=list`);
    expect(await kept(tab)).toStrictEqual(["isoline.token"]);
    expect(tab.wrong).toStrictEqual([]);
  });

  it("asks the provider for a code alone, with a state, a nonce and the digest of a verifier that it has not seen", () => {
    const asked = Object.fromEntries(departures[0]?.searchParams ?? []);
    const [{ verifier, nonce }] = exchanges as [Exchange];
    expect(asked).toStrictEqual({
      response_type: "code",
      client_id: "page",
      redirect_uri: `${rig.address}/`,
      scope: "openid email",
      state: new URL(returns[0] as string).searchParams.get("state"),
      nonce,
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    });
    expect(new Set([asked["state"], nonce, verifier]).size).toBe(3);
  });

  it("ends where the person signs out, and stays so after loading the page again", async () => {
    await tab.page.getByRole("button", { name: "Sign out" }).click();
    await tab.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await tab.page.reload();
    await tab.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await tab.page.getByRole("link", { name: "sign out there" }).waitFor();
    expect(await kept(tab)).toStrictEqual([]);
  });

  it("takes no answer with another state, and none of another provider", async () => {
    const sent = exchanges.length;
    const begun = `JSON.parse(sessionStorage.getItem("isoline.login"))?.state`;
    for (const wrong of [() => "AAAA", () => "", (state: string) => `${state}&iss=https://other.example`]) {
      // The provider takes its time: the tab stays where it is.
      await tab.page.route(`${issuer}/**`, (route) => route.fulfill({ status: 204 }));
      await toProvider(tab);
      await tab.page.waitForFunction(begun);
      const state = await tab.page.evaluate<string>(begun);
      await tab.page.unroute(`${issuer}/**`);
      await tab.page.goto(`${rig.address}/?code=abc&state=${wrong(state)}`);
      await tab.page.getByText(NOT_BEGUN).waitFor();
      expect(await kept(tab)).toStrictEqual([]);
      expect(tab.page.url()).toBe(`${rig.address}/`);
    }
    expect(exchanges).toHaveLength(sent);
  });

  it("takes no code with another verifier or another nonce", async () => {
    const first = await unusedCode();
    const refused = await exchange({ ...first, verifier: "A".repeat(43) });
    expect([refused.status, refused.headers.get("set-cookie")]).toStrictEqual([401, null]);
    const second = await unusedCode();
    expect(await exchange({ ...second, nonce: "A".repeat(43) })).toMatchObject({
      status: 401,
      body: { error: { message: expect.stringContaining("a token for another sign-in") as string } },
    });
    expect((await exchange({ ...second, code: "\u00e9" })).status).toBe(400);
  });

  it("ends with the token, says when and what to do, and signs in again with one click", async () => {
    life = 6;
    await toProvider(tab);
    await tab.page.getByRole("heading", { level: 1, name: "Fleet" }).waitFor();
    await tab.page.getByText(/got one that ended at \d{4}-.*; sign in again/).waitFor({ timeout: 30_000 });
    expect(await kept(tab)).toStrictEqual([]);
    life = 3600;
    await toProvider(tab);
    await tab.page.getByRole("heading", { level: 1, name: "Fleet" }).waitFor();
  });

  it("takes no code twice: not while a person is signed in, not afterwards, and not at the verifier", async () => {
    const sent = exchanges.length;
    await tab.page.goto(returns[0] as string);
    await tab.page.getByRole("heading", { level: 1, name: "Fleet" }).waitFor();
    await tab.page.getByRole("button", { name: "Sign out" }).click();
    await tab.page.goto(returns[0] as string);
    await tab.page.getByText(NOT_BEGUN).waitFor();
    expect(exchanges).toHaveLength(sent);
    // A provider that sees a code twice takes back what it granted: this comes last.
    expect(await exchange(exchanges[0] as Exchange)).toMatchObject({
      status: 401,
      body: { error: { code: "unknown-caller", message: expect.stringContaining("(invalid_grant)") as string } },
    });
  });

  it("says so where the provider knows a person, and gives no role that counts", async () => {
    const other = await newTab("");
    await toProvider(other);
    await signInAs("bob", other);
    await other.page.getByText(/expected the claims isoline_role and isoline_tenant.*ask an administrator/).waitFor();
    expect(await kept(other)).toStrictEqual([]);
    await other[Symbol.asyncDispose]();
  });

  it("is offered where the provider expects the page, and nowhere else", async () => {
    const other = await newTab("index.html");
    await other.page.getByText(`The provider knows this page as ${rig.address}/`).waitFor();
    expect(await other.page.getByRole("button", { name: "Continue with" }).count()).toBe(0);
    await other[Symbol.asyncDispose]();
  });
});

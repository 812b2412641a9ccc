/**
 * Signing in by the provider's own page: the authorization code flow with PKCE (RFC 6749, 4.1; RFC 7636; OpenID Connect Core 1.0, 3.1).
 * The page begins it and keeps state, nonce and code verifier in its tab; the code is exchanged here, since the page talks to its own
 * verifier alone. The token goes back to the tab: there is no cookie, so no other site can act for a person.
 */
import { VerifierError } from "../error.ts";
import { type Claims, personIn } from "./oidc.ts";
import { documentIn, PATIENCE_MS, type Provider, TokenExpired } from "./provider.ts";

/** The page takes no longer one. */
const MOST_TOKEN = 8_192;
/** What RFC 6749, 5.2 has for `error`, as far as it is shown. */
const ERROR = /^[a-z_]{1,40}$/;

/** The page as the provider knows it. */
interface PageClient {
  /** A public client, which has no secret. */
  readonly client: string;
  /** The address of the page, letter by letter as the provider has it. */
  readonly redirect: string;
  readonly scope: string;
}

/** What a page needs to send a person to the provider. */
interface LoginOffer extends PageClient {
  readonly issuer: string;
  readonly authorization: string;
  readonly logout?: string;
}

/** What came back from the provider, and what the page kept. */
interface Returned {
  readonly code: string;
  readonly verifier: string;
  readonly nonce: string;
}

export class Login {
  readonly #provider: Provider;
  readonly #page: PageClient;
  readonly #claims: Claims;

  constructor(provider: Provider, page: PageClient, claims: Claims) {
    this.#provider = provider;
    this.#page = page;
    this.#claims = claims;
  }

  async offer(): Promise<LoginOffer> {
    const { authorization, token, logout } = await this.#provider.known();
    if (authorization === undefined || token === undefined) throw this.#provider.silent();
    return { ...this.#page, issuer: this.#provider.issuer, authorization, ...(logout !== undefined && { logout }) };
  }

  /** The identity token for a code. Refuses with `unknown-caller` a code that does not count, with `not-allowed` who has no role. */
  async exchange({ code, verifier, nonce }: Returned): Promise<string> {
    const token = await this.#redeem(code, verifier);
    const claims = await this.#provider.claimsIn(token, [this.#page.client]).catch((fault: unknown) => {
      if (fault instanceof TokenExpired) throw unusable("a token whose time is over already");
      throw fault;
    });
    if (claims === undefined) throw unusable("a token that it did not sign for this page");
    // OpenID Connect Core 1.0, 3.1.3.7: the client that the token was made for, where it names several; and the sign-in.
    const { azp } = claims;
    if (azp !== undefined && azp !== this.#page.client) throw unusable("a token for another client");
    if (claims["nonce"] !== nonce) throw unusable("a token for another sign-in");
    if (personIn(claims, this.#claims) !== undefined) return token;
    const { role, tenant } = this.#claims;
    throw new VerifierError(
      "not-allowed",
      `expected the claims ${role} and ${tenant}, got a token without a role and a tenant that are known here; ask an administrator`,
    );
  }

  async #redeem(code: string, verifier: string): Promise<string> {
    const { token: address } = await this.#provider.known();
    if (address === undefined) throw this.#provider.silent();
    let told: Record<string, unknown>;
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const answer = await fetch(address, {
        method: "POST",
        headers: { accept: "application/json" },
        body: new URLSearchParams({
          grant_type: "authorization_code",
          client_id: this.#page.client,
          redirect_uri: this.#page.redirect,
          code,
          code_verifier: verifier,
        }),
        redirect: "error",
        signal,
      });
      told = await documentIn(answer, signal);
    } catch (fault) {
      throw this.#provider.silent(fault);
    }
    const { id_token: token, error } = told;
    if (typeof error === "string") throw refused(ERROR.test(error) ? error : "no known error");
    if (typeof token !== "string") throw this.#provider.silent();
    if (token.length <= MOST_TOKEN) return token;
    throw unusable(`a token of ${token.length} letters, more than ${MOST_TOKEN}`);
  }
}

/** `invalid_grant` is a code that was used, is too old, or belongs to another verifier, client or address. */
const refused = (error: string) =>
  new VerifierError(
    "unknown-caller",
    `expected a code that the provider takes, got one that it refused (${error}): a code counts once and for a short time; sign in again`,
  );

const unusable = (got: string) =>
  new VerifierError("unknown-caller", `expected an identity token for this sign-in, got ${got}; sign in again`);

/**
 * Signing in at the OpenID provider: the authorization code flow with PKCE (RFC 6749, 4.1; RFC 7636). State, nonce and code verifier are
 * made here, kept for this tab alone, and count once; the verifier that served this page exchanges the code.
 */
import type { LoginOffered, LoginReturned, LoginToken } from "@isoline/verifier";
import { signal } from "@preact/signals";
import { Fault, sayFault } from "./fault.ts";
import { post, read } from "./request.ts";
import { signedIn, signIn, signInReason, signOut } from "./session.ts";

export type LoginOffer = NonNullable<LoginOffered["provider"]>;

const KEY = "isoline.login";
/** RFC 6749, 5.2 and 4.1.2.1, as far as it is shown. */
const ERROR = /^[a-z_]{1,40}$/;

/** What a tab keeps while its person is at the provider. */
interface Begun {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly issuer: string;
  /** The view that was asked for, as the fragment of the address. */
  readonly view: string;
}

/** Whether a code is being exchanged. */
export const returning = signal(false);

/** Undefined: no provider is configured. */
export const askOffer = async (ending: AbortSignal): Promise<LoginOffer | undefined> =>
  (await read<LoginOffered>("login", {}, ending)).provider;

/** Sends this tab to the provider. */
export async function beginLogin(offer: LoginOffer): Promise<void> {
  const { issuer, authorization, client, redirect, scope } = offer;
  const begun: Begun = { state: random(), nonce: random(), verifier: random(), issuer, view: location.hash };
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(begun.verifier));
  const address = new URL(authorization);
  if (!isOfTheWeb(address)) throw new Fault("damaged", "Expected the web address of a provider, got another one.");
  const asked = {
    response_type: "code",
    client_id: client,
    redirect_uri: redirect,
    scope,
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
  sessionStorage.setItem(KEY, JSON.stringify(begun));
  location.assign(address);
}

/** Takes in what the provider sent back, if it sent the tab here; gives the view to go on with. */
export async function finishLogin(ending: AbortSignal): Promise<string | undefined> {
  const told = new URLSearchParams(location.search);
  if (!told.has("state") && !told.has("code")) return undefined;
  // Before anything else, so that a code is in no address that is copied, kept or loaded again.
  history.replaceState(null, "", location.pathname + location.hash);
  const begun = takeBegun();
  // Another site may send the tab here with an answer of its own: it must not end a session, nor begin one.
  if (begun === undefined || told.get("state") !== begun.state || (told.get("iss") ?? begun.issuer) !== begun.issuer) {
    if (!signedIn.peek())
      signInReason.value = "This answer is not to a sign-in that this tab began; it was not used. Sign in again.";
    return undefined;
  }
  const code = told.get("code");
  if (code === null) {
    const error = told.get("error") ?? "";
    signOut(
      `The provider did not sign you in (${ERROR.test(error) ? error : "it gave no known reason"}). Sign in again, or ask its administrator.`,
    );
    return undefined;
  }
  returning.value = true;
  try {
    const returned: LoginReturned = { code, verifier: begun.verifier, nonce: begun.nonce };
    const { token } = await post<LoginToken>("login", returned, ending);
    const wrong = signIn(String(token));
    if (wrong === undefined) return begun.view;
    signOut(wrong);
  } catch (fault) {
    signOut(sayFault(fault));
  } finally {
    returning.value = false;
  }
  return undefined;
}

export const isOfTheWeb = ({ protocol }: URL): boolean => protocol === "https:" || protocol === "http:";

/** `URL.parse` is younger than the browsers that the page works in. */
export const addressIn = (text: string | undefined): URL | undefined =>
  text !== undefined && URL.canParse(text) ? new URL(text) : undefined;

/** What this tab has begun; it counts once. */
function takeBegun(): Begun | undefined {
  const text = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return text === null ? undefined : (JSON.parse(text) as Begun);
}

const random = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/**
 * Requests to one registry, with the authentication it asks for (distribution-spec, "Authentication"; "Token Authentication
 * Specification"). The credentials for the registry are sent to the registry and to the token server that it names, and no others
 * are used: a registry that names another's token server would get a token for that one. They are never sent along a redirect.
 */
import { isLoopback } from "@isoline/core/loopback";
import { CliError } from "../../error.ts";
import { type PatientAnswer, patientFetch } from "../../store/patient-fetch.ts";
import { type Challenge, challengeIn } from "./challenge.ts";
import { type Credentials, credentialsFor } from "./credentials.ts";
import type { Reference } from "./reference.ts";

const MOST_REDIRECTS = 5;
const MOST_TOKEN = 64 * 1024;
const TOKEN = /^[\x21-\x7e]+$/;
const moved: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface Asked {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
}

export class Session {
  readonly #origin: string;
  readonly #host: string;
  readonly #name: string;
  #authorization: string | undefined;

  constructor({ origin, host, name }: Reference) {
    this.#origin = origin;
    this.#host = host;
    this.#name = name;
  }

  /**
   * Sends a request to the registry's own origin; a second time if that origin asks for authentication. A host that a redirect
   * leads to would have the password sent to a token server of its choice.
   */
  async ask(url: URL, asked: Asked): Promise<PatientAnswer> {
    if (url.origin !== this.#origin) throw this.#wrong(`a place at ${this.#origin}`, url.origin);
    let response = await this.#follow(url, asked);
    if (response.status === 401 && urlIn(response.url)?.origin === this.#origin) {
      await response.dismiss();
      this.#authorization = await this.#answerTo(challengeIn(response.headers.get("www-authenticate")));
      response = await this.#follow(url, asked);
    }
    return response;
  }

  /** Blobs may be stored on another host: that request carries no credentials. */
  async #follow(url: URL, asked: Asked): Promise<PatientAnswer> {
    const authorization = this.#authorization;
    const headers = authorization === undefined ? asked.headers : { ...asked.headers, authorization };
    let response = await this.#send(url, { ...asked, headers });
    for (let at = url, count = 0; moved.has(response.status); count++) {
      const next = urlIn(response.headers.get("location"), at);
      await response.dismiss();
      const isFit = next !== undefined && (next.protocol === "https:" || (this.#isLocal && isLocal(next)));
      if (!isFit || count >= MOST_REDIRECTS || (asked.method !== "GET" && asked.method !== "HEAD"))
        throw this.#wrong("an answer", `a redirect of ${asked.method} to ${next?.origin ?? "nowhere"}`);
      at = next;
      response = await this.#send(at, asked);
    }
    return response;
  }

  #send(url: URL, { method, headers, body }: Asked): Promise<PatientAnswer> {
    const lost = (why: string, cause: unknown) =>
      new CliError(
        "registry-refused",
        `${url.origin}: cannot be reached, or does not answer to the end: ${why}; check the name of the registry, and the network`,
        { cause },
      );
    return patientFetch(url, { method, headers, body, redirect: "manual", lost });
  }

  async #answerTo(challenge: Challenge | undefined): Promise<string> {
    if (challenge === undefined) throw this.#wrong("a challenge for a password or a token", "status 401 with neither");
    if (challenge.scheme === "bearer") return `Bearer ${await this.#token(challenge)}`;
    const credentials = credentialsFor(this.#host, this.#name);
    if (credentials === undefined)
      throw this.#wrong("access", `status 401: it requires a password; log in with podman login ${this.#host}`);
    return basic(credentials);
  }

  async #token({ realm = "", service, scope }: Challenge): Promise<string> {
    const url = urlIn(realm);
    if (url === undefined || (url.protocol !== "https:" && !(this.#isLocal && isLocal(url))))
      throw this.#wrong("a token server at https://", JSON.stringify(realm.slice(0, 120)));
    if (service !== undefined) url.searchParams.set("service", service);
    if (scope !== undefined) url.searchParams.set("scope", scope);
    const credentials = credentialsFor(this.#host, this.#name);
    const headers: Record<string, string> = credentials === undefined ? {} : { authorization: basic(credentials) };
    const response = await this.#send(url, { method: "GET", headers });
    if (response.status !== 200) {
      await response.dismiss();
      const advice = credentials === undefined ? `; no credentials for ${this.#host} were found` : "";
      throw this.#wrong(`a token of ${url.host}`, `status ${response.status}${advice}`);
    }
    return this.#tokenIn(await response.bytes(MOST_TOKEN), url);
  }

  #tokenIn(bytes: Buffer | undefined, { host }: URL): string {
    try {
      const { token, access_token } = JSON.parse(bytes?.toString("utf8") ?? "") as Record<string, unknown>;
      const given = token ?? access_token;
      if (typeof given === "string" && TOKEN.test(given)) return given;
    } catch {
      // Reported below.
    }
    throw this.#wrong(`a token of ${host}`, "something else");
  }

  get #isLocal(): boolean {
    return isLocal(new URL(this.#origin));
  }

  #wrong(expected: string, got: string): CliError {
    return new CliError("registry-refused", `${this.#origin}/${this.#name}: expected ${expected}, got ${got}`);
  }
}

/** Undefined for an invalid URL. */
export function urlIn(text: string | null, base?: URL): URL | undefined {
  return text !== null && URL.canParse(text, base?.href) ? new URL(text, base) : undefined;
}

function isLocal({ protocol, hostname }: URL): boolean {
  return protocol === "http:" && isLoopback(hostname);
}

function basic({ user, password }: Credentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** An OpenID provider: what it says of itself (OpenID Connect Discovery 1.0, 4), and which tokens it signed. */
import { isLoopback } from "@isoline/core/loopback";
import { readAtMost, untilAborted } from "@isoline/core/bounded";
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
} from "jose";
import { VerifierError } from "../error.ts";

/** For each request to a provider. */
export const PATIENCE_MS = 5_000;
/** What a provider says of itself, and its answer to a code, are a few kilobytes. */
const MOST_BYTES = 262_144;

/** What jose says of a token whose key is not among those of the provider, or of no such kind. */
const OF_TOKENS = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported] as const;

interface Known {
  readonly keys: JWTVerifyGetKey;
  /** Undefined: the provider names none. */
  readonly authorization: string | undefined;
  readonly token: string | undefined;
  readonly logout: string | undefined;
}

/** A token that the provider signed for this verifier, and whose time is over. */
export class TokenExpired extends VerifierError {
  constructor(ended: number | undefined) {
    const when = ended === undefined ? "before now" : `at ${new Date(ended * 1000).toISOString()}`;
    super("unknown-caller", `expected a sign-in that is still valid, got one that ended ${when}; sign in again`);
  }
}

export class Provider {
  readonly issuer: string;
  #known: Promise<Known> | undefined;

  constructor(issuer: string) {
    this.issuer = issuer;
  }

  /** Asked when it is first needed; an answer is kept. Keys are fetched again when a token names one that is not known. */
  known(): Promise<Known> {
    this.#known ??= this.#discover().catch((fault: unknown) => {
      this.#known = undefined;
      throw fault;
    });
    return this.#known;
  }

  /** The claims of a token; undefined where this provider did not sign it, or not for this audience. Refuses with `TokenExpired`. */
  async claimsIn(token: string, audience: readonly string[]): Promise<JWTPayload | undefined> {
    const { keys } = await this.known();
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: this.issuer,
        audience: [...audience],
        algorithms: ["RS256", "PS256", "ES256", "ES384", "EdDSA"],
        requiredClaims: ["exp", "sub"],
      });
      return payload;
    } catch (fault) {
      // jose looks at the time last: the signature, the issuer and the audience are right.
      if (fault instanceof errors.JWTExpired) throw new TokenExpired(fault.payload.exp);
      if (fault instanceof errors.JOSEError) return undefined;
      throw fault;
    }
  }

  /** It does not answer as a provider does. */
  silent(cause?: unknown): VerifierError {
    return new VerifierError(
      "provider-unreachable",
      `the OpenID provider ${this.issuer} does not answer as one; see its logs`,
      { cause },
    );
  }

  /** Keys that cannot be fetched make no token a wrong one: whose token it is stays signed in. */
  #keysAt(address: string): JWTVerifyGetKey {
    const keys = createRemoteJWKSet(new URL(address), { timeoutDuration: PATIENCE_MS, [customFetch]: fetchedKeys });
    return async (header, token) => {
      try {
        return await keys(header, token);
      } catch (fault) {
        if (OF_TOKENS.some((kind) => fault instanceof kind)) throw fault;
        throw this.silent(fault);
      }
    };
  }

  async #discover(): Promise<Known> {
    const address = `${this.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    let told: Record<string, unknown>;
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      told = await documentIn(await fetch(address, { signal, redirect: "error" }), signal);
    } catch (fault) {
      throw this.silent(fault);
    }
    const keys = addressIn(told["jwks_uri"]);
    if (told["issuer"] !== this.issuer || keys === undefined) throw this.silent();
    return {
      keys: this.#keysAt(keys),
      authorization: addressIn(told["authorization_endpoint"]),
      token: addressIn(told["token_endpoint"]),
      logout: addressIn(told["end_session_endpoint"]),
    };
  }
}

/** A JSON object, read as far as such documents go; refuses with `provider-unreachable`, which the caller says more of. */
export async function documentIn(answer: Response, signal: AbortSignal): Promise<Record<string, unknown>> {
  const bytes = await readAtMost(untilAborted(answer.body, signal), MOST_BYTES);
  if (bytes === undefined) throw unfit(`at most ${MOST_BYTES} bytes, got more`);
  const told: unknown = JSON.parse(bytes.toString("utf8"));
  if (typeof told === "object" && told !== null && !Array.isArray(told)) return told as Record<string, unknown>;
  throw unfit("a JSON object, got another value");
}

/** As jose asks for keys, which by itself reads what comes for as long as it comes. */
const fetchedKeys: FetchImplementation = async (address, asked) => {
  const answer = await fetch(address, asked);
  const told = await documentIn(answer, asked.signal);
  if (answer.status !== 200) throw unfit(`its keys, got status ${answer.status}`);
  return Response.json(told);
};

const unfit = (expected: string) => new VerifierError("provider-unreachable", `the provider: expected ${expected}`);

/** Codes and tokens go over TLS, or stay on this machine (RFC 6749, 3.1 and 3.2). */
export function isSafeAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, username, password } = new URL(address);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}

const addressIn = (told: unknown): string | undefined =>
  typeof told === "string" && told.length < 2048 && isSafeAddress(told) ? told : undefined;

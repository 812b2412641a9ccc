/** People that an OpenID provider vouches for (OpenID Connect Core 1.0, 3.1.3.7), by signed tokens that are checked here. */
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from "jose";
import { VerifierError } from "../error.ts";
import { type Person, type Recognise, type Role, roles } from "./people.ts";

export interface OidcSettings {
  readonly issuer: string;
  readonly audience: string;
  /** Which claims say the role, the tenant, and the name. */
  readonly claims: { readonly role: string; readonly tenant: string; readonly name: string };
}

const PATIENCE_MS = 5_000;
const TENANT = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

type Keys = ReturnType<typeof createRemoteJWKSet>;

/** The provider's keys are fetched when the first token comes, and again when one names a key that is not known. */
export function oidc({ issuer, audience, claims }: OidcSettings): Recognise {
  let keys: Promise<Keys> | undefined;
  return async (token) => {
    // Tokens of other kinds have no three parts.
    if (token.split(".").length !== 3) return undefined;
    keys ??= keysOf(issuer).catch((fault: unknown) => {
      keys = undefined;
      throw fault;
    });
    const found = await keys;
    try {
      const { payload } = await jwtVerify(token, found, {
        issuer,
        audience,
        algorithms: ["RS256", "PS256", "ES256", "ES384", "EdDSA"],
        requiredClaims: ["exp", "sub"],
      });
      return personIn(payload, claims);
    } catch (fault) {
      if (fault instanceof errors.JOSEError) return undefined;
      throw fault;
    }
  };
}

/** A token without a known role, or without a tenant, opens nothing: all tenants are said by `*`. */
function personIn(payload: JWTPayload, claims: OidcSettings["claims"]): Person | undefined {
  const told = payload[claims.role];
  const role = roles.findLast((one) => told === one || (Array.isArray(told) && told.includes(one)));
  const tenant = payload[claims.tenant];
  const name = payload[claims.name] ?? payload.sub;
  if (role === undefined || typeof tenant !== "string" || typeof name !== "string") return undefined;
  if (tenant !== "*" && !TENANT.test(tenant)) return undefined;
  const safe = name.replace(/[^\p{L}\p{N}@._+-]/gu, "?").slice(0, 64);
  return { name: safe, role: role satisfies Role, tenant: tenant === "*" ? undefined : tenant };
}

async function keysOf(issuer: string): Promise<Keys> {
  const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS), redirect: "error" });
    const told = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown };
    if (told.issuer === issuer && typeof told.jwks_uri === "string")
      return createRemoteJWKSet(new URL(told.jwks_uri), { timeoutDuration: PATIENCE_MS });
  } catch (fault) {
    throw silent(issuer, fault);
  }
  throw silent(issuer, undefined);
}

function silent(issuer: string, cause: unknown): VerifierError {
  return new VerifierError(
    "provider-unreachable",
    `the OpenID provider ${issuer} does not answer as one; see its logs`,
    {
      cause,
    },
  );
}

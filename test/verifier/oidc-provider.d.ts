/** What the tests use of oidc-provider, which has no types of its own. */
declare module "oidc-provider" {
  import type { RequestListener } from "node:http";

  export default class Provider {
    constructor(
      issuer: string,
      settings: {
        readonly clients: readonly object[];
        readonly extraTokenClaims?: (context: unknown, token: { readonly clientId: string }) => object;
        readonly claims?: Readonly<Record<string, readonly string[]>>;
        /** False: an identity token has the claims, too. */
        readonly conformIdTokenClaims?: boolean;
        readonly findAccount?: (
          context: unknown,
          id: string,
        ) => { readonly accountId: string; readonly claims: () => { readonly sub: string } };
        /** Seconds. */
        readonly ttl?: { readonly IdToken: () => number };
        readonly features: {
          readonly clientCredentials?: { readonly enabled: boolean };
          readonly devInteractions: { readonly enabled: boolean };
          readonly resourceIndicators?: {
            readonly enabled: boolean;
            readonly getResourceServerInfo: (context: unknown, audience: string) => object;
          };
        };
      },
    );
    callback(): RequestListener;
  }
}

/** Parses authentication challenges in `WWW-Authenticate` (RFC 9110, 11.6.1; RFC 6750, 3; distribution "Token Authentication"). */

export interface Challenge {
  readonly scheme: "basic" | "bearer";
  readonly realm: string | undefined;
  readonly service: string | undefined;
  readonly scope: string | undefined;
}

const MOST = 8192;
const PART = /[\s,]*(?:([A-Za-z][\w-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([A-Za-z][\w-]*)(?=\s|,|$))/y;

/** The challenge to answer: a bearer token if offered, otherwise a password; undefined if neither is understood. */
export function challengeIn(header: string | null): Challenge | undefined {
  const all = parsed((header ?? "").slice(0, MOST));
  const found = all.find(({ scheme }) => scheme === "bearer") ?? all.find(({ scheme }) => scheme === "basic");
  if (found === undefined) return undefined;
  const { scheme, parameters } = found;
  const value = (name: string) => parameters.get(name);
  return {
    scheme: scheme === "bearer" ? "bearer" : "basic",
    realm: value("realm"),
    service: value("service"),
    scope: value("scope"),
  };
}

function parsed(header: string): readonly { scheme: string; parameters: Map<string, string> }[] {
  const all: { scheme: string; parameters: Map<string, string> }[] = [];
  PART.lastIndex = 0;
  for (let match = PART.exec(header); match !== null; match = PART.exec(header)) {
    const [, name, quoted, bare, scheme] = match;
    if (scheme !== undefined) all.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    else all.at(-1)?.parameters.set(name?.toLowerCase() ?? "", quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "");
  }
  return all;
}

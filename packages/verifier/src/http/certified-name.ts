/** Which node a certificate is for. */

/** The parts of what Node tells of a certificate. */
interface Certified {
  readonly subject: { readonly CN?: unknown };
  /** `DNS:a, URI:spiffe://b/node/c`: a name with odd letters, such as a comma, stands in quotes. */
  readonly subjectaltname?: string | undefined;
}

const NODE = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
const SPIFFE = /^URI:spiffe:\/\/[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*\/node\/([A-Za-z0-9][A-Za-z0-9_.-]{0,62})$/;

/**
 * The last part of a SPIFFE id, `spiffe://…/node/NAME`, or else the common name. Undefined where a SPIFFE id says something else, or
 * stands beside a further URI (X509-SVID, 2), and where a name is in quotes: within them could be what looks like a name of its own.
 */
export function nodeNameIn({ subject, subjectaltname = "" }: Certified): string | undefined {
  if (subjectaltname.includes('"')) return undefined;
  const uris = subjectaltname.split(", ").filter((name) => name.startsWith("URI:"));
  if (uris.some((uri) => /^URI:spiffe:/i.test(uri)))
    return uris.length === 1 ? SPIFFE.exec(uris[0] ?? "")?.[1] : undefined;
  return typeof subject.CN === "string" && NODE.test(subject.CN) ? subject.CN : undefined;
}

/** Certificate revocation lists, version 2, whole and direct ones only (RFC 5280, 5). */
import {
  assertScheme,
  type Extension,
  extensionsIn,
  extensionsOf,
  type Signed,
  serialOf,
  signedIn,
} from "./certificate.ts";
import { bad, context, DerReader, only, smallInteger, tags, timeOf } from "./der.ts";
import { schemeIn } from "./signature.ts";

export interface RevocationList extends Signed {
  readonly issuer: Uint8Array;
  readonly from: Date;
  readonly until: Date;
  /** Serial numbers, as those of certificates. */
  readonly revoked: ReadonlySet<string>;
}

/** The lists of makers of chips have some thousands of entries of 40 bytes. */
const MOST_BYTES = 4 * 1024 * 1024;

export function parseRevocationList(der: Uint8Array): RevocationList {
  if (der.length > MOST_BYTES) throw bad(`expected at most ${MOST_BYTES} bytes, got ${der.length}`);
  const { body, scheme, ...rest } = signedIn(der, "revocation list");
  if (smallInteger(body.take(tags.integer, "version"), "version") !== 1) throw bad("expected a list of version 2");
  assertScheme(scheme, body.take(tags.sequence, "algorithm of a signature"));
  const issuer = body.take(tags.sequence, "issuer").whole;
  const from = timeOf(body.any("time of a list"), "time of a list");
  const until = timeOf(body.any("next time of a list"), "next time of a list");
  const entries = body.optional(tags.sequence, "entries");
  const listed = body.optional(context(0), "extensions");
  body.end("revocation list");
  if (listed !== undefined) assertUnderstood(extensionsIn(listed));
  const revoked = entries === undefined ? new Set<string>() : serialsIn(new DerReader(entries.content));
  return { ...rest, scheme: schemeIn(scheme), issuer, from, until, revoked };
}

function serialsIn(entries: DerReader): Set<string> {
  const serials = new Set<string>();
  while (!entries.isAtEnd) {
    const entry = entries.inside(tags.sequence, "entry");
    serials.add(serialOf(entry.take(tags.integer, "serial number")));
    timeOf(entry.any("time of an entry"), "time of an entry");
    const listed = entry.optional(tags.sequence, "extensions of an entry");
    entry.end("entry");
    if (listed !== undefined)
      assertUnderstood(
        extensionsOf(new DerReader(only(listed.whole, tags.sequence, "extensions of an entry").content)),
      );
  }
  return serials;
}

/** What is critical narrows a list: to some certificates, to changes since another list, to other issuers. None is understood here. */
function assertUnderstood(extensions: ReadonlyMap<string, Extension>): void {
  for (const [oid, { isCritical }] of extensions)
    if (isCritical) throw bad(`the extension ${oid} of a list is critical and unknown here`);
}

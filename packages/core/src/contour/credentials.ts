/** Credentials as words of a contour file: `uid=user euid=user … capabilities=0x0`. */
import { type Digest, sha256 } from "../digest.ts";
import type { Credentials } from "../event/event.ts";
import { credentialIds } from "../event/soundness.ts";
import { formatId, LAUNCH_USER } from "../event/text.ts";
import type { Bearer } from "./handle.ts";

export function formatCredentials(credentials: Credentials): string {
  const ids = credentialIds.map((id) => `${id}=${formatId(credentials[id])}`);
  return `${ids.join(" ")} capabilities=0x${credentials.capabilities.toString(16)}`;
}

/** The exact reverse of `formatCredentials`; undefined for any other text. */
export function parseCredentials(text: string): Credentials | undefined {
  const values = new Map(text.split(" ").map((word) => word.split("=") as [string, string]));
  const ids = credentialIds.map((id) => [id, parseId(values.get(id) ?? "")] as const);
  const capabilities = values.get("capabilities") ?? "";
  if (!/^0x[0-9a-f]{1,16}$/.test(capabilities)) return undefined;
  const credentials = { ...Object.fromEntries(ids), capabilities: BigInt(capabilities) } as unknown as Credentials;
  return formatCredentials(credentials) === text ? credentials : undefined;
}

/** The entry of the handle table for credentials: the user id as the name, a digest over the words as the id. */
export function credentialsBearer(text: string): Bearer {
  const uid = text.slice("uid=".length, text.indexOf(" "));
  return { name: uid === "user" ? uid : `uid${uid}`, id: sha256(Buffer.from(text, "ascii")) as Digest };
}

function parseId(text: string): number {
  const id = text === "user" ? LAUNCH_USER : Number(text);
  return Number.isInteger(id) && id >= 0 && id <= 0xffff_ffff ? id : Number.NaN;
}

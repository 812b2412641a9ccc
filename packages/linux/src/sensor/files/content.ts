/** What a file holds, as far as it can be said, and what there is to say of it beside that. */
import type { ContentRemark, Digest } from "@isoline/core";

export interface Content {
  readonly digest?: Digest;
  readonly remark?: ContentRemark;
  /** It was so when it was read, and may be different the next time without a sign of that. */
  readonly passing?: true;
}

/** The content of what has none: what the kernel makes up, what nobody may read. */
export const NO_CONTENT: Content = {};

/** A digest, as a field of an event or an image. */
export function digestField({ digest }: Content): { readonly digest?: Digest } {
  return digest === undefined ? {} : { digest };
}

/** What there is to say of some contents, as members of an act. */
export function remarksOn(...contents: readonly Content[]): {
  readonly content?: readonly ContentRemark[];
  readonly passing?: true;
} {
  const content = contents.flatMap(({ remark }) => (remark === undefined ? [] : [remark]));
  return {
    ...(content.length === 0 ? {} : { content }),
    ...(contents.some(({ passing }) => passing === true) ? { passing: true } : {}),
  };
}

/** Whether content that counts is not known: the file was not as it had been any more, or may be written to at this moment. */
export function isMissed({ what }: ContentRemark): boolean {
  return what !== "fs-verity" && what !== "ima";
}

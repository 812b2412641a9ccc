/** What an image is known by. */
export interface Image {
  /** Names, the one it was started by first; there may be none. */
  readonly names: readonly string[];
  /** Digests by which it is known: of its manifest, of its configuration; `sha256:…`. */
  readonly digests: readonly string[];
}

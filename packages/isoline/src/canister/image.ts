/** The names and digests of an image. */
export interface Image {
  /** Names; the one that it was started by is first. May be empty. */
  readonly names: readonly string[];
  /** Digests: of its manifest, of its configuration; `sha256:…`. */
  readonly digests: readonly string[];
}

import { COMPILERS, linked } from "./linker.ts";
import type { Preset } from "./preset.ts";

/** Rust's cargo and rustc. */
export const cargo: Preset = {
  summary: "Rust with cargo; gives up what cargo, rustc and the linker do inside target and cargo's own directories",
  programs: ["cargo", "rustc", "rustup"],
  tools: [
    {
      kind: "cache",
      in: "$CWD/target",
      by: ["cargo", "rustc", "rustup", "rustdoc", "clippy-driver", "build-script-*", ...COMPILERS],
      why: "cargo decides by what an earlier build left in target which files are read, made and removed",
    },
    ...["registry", "git"].map((name) => ({
      kind: "cache" as const,
      in: `$HOME/.cargo/${name}`,
      by: ["cargo"],
      why: "what cargo has fetched is kept for all projects",
    })),
    ...[".package-cache", ".package-cache-mutate", ".global-cache", ".global-cache-journal"].map((name) => ({
      kind: "state" as const,
      in: `$HOME/.cargo/${name}`,
      by: ["cargo"],
      why: "locks, and the record of what was last used, are made in the first build",
    })),
    {
      kind: "state",
      in: "$HOME/.rustup/settings.toml",
      by: ["rustup", "cargo"],
      why: "rustup makes its settings in its first start",
    },
    { kind: "state", in: "$CWD/Cargo.lock", by: ["cargo"], why: "cargo writes the lock file in the first build" },
    { kind: "cache", in: "$HOME/.rustup/tmp", by: ["rustup", "cargo"], why: "rustup's own temporary files" },
    {
      kind: "names",
      form: "digest",
      in: "$CWD/target",
      why: "cargo puts a digest of flags, versions and places behind the name of each crate",
    },
    ...linked,
  ],
};

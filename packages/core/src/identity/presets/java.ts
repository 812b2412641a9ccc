import type { Preset } from "./preset.ts";

const JAVA = ["java", "java:*"];

/** Maven and Gradle. */
export const java: Preset = {
  summary: "Java with Maven or Gradle; gives up what the build does in its own directories and repositories",
  programs: ["mvn", "mvnw", "gradle", "gradlew"],
  tools: [
    {
      kind: "cache",
      in: "$HOME/.m2/repository",
      by: JAVA,
      why: "artifacts that were fetched once are read afterwards",
    },
    ...["caches", "daemon", "native", "notifications", ".tmp"].map((name) => ({
      kind: "cache" as const,
      in: `$HOME/.gradle/${name}`,
      by: JAVA,
      why: "what Gradle keeps for all projects",
    })),
    { kind: "cache", in: "$CWD/.gradle", by: JAVA, why: "Gradle's record of what is up to date" },
    { kind: "cache", in: "$CWD/**/target", by: JAVA, why: "Maven compares with and replaces what the last build left" },
    { kind: "cache", in: "$CWD/**/build", by: JAVA, why: "Gradle compares with and replaces what the last build left" },
  ],
};

/** The commands for containers and their images. */
import type { Command } from "commander";
import type { FetchOptions } from "../commands/fetch-contour.ts";
import type { InspectOptions } from "../commands/inspect.ts";
import type { Invocation } from "../invocation.ts";
import { examples } from "./examples.ts";
import { repeated } from "./repeated.ts";

export function declareCanisters(program: Command, { ends }: Invocation): void {
  program.commandsGroup("Containers (docs/canisters.md):");

  program
    .command("inspect")
    .summary("show which contour and mode apply to an image")
    .description(
      "Shows which contour and mode isoline-runc uses for an image on this host, and how the last run ended.",
    )
    .argument("<image>", "an image, by a name that the engine knows, or by its digest")
    .option("--json", "for machines")
    .addHelpText(
      "after",
      `${examples("isoline inspect localhost/web:1", "isoline inspect --json localhost/web:1")}\n\nExit status: 0 a container of this image would start, 1 it would be refused.`,
    )
    .action((image: string, options: InspectOptions) =>
      ends(import("../commands/inspect.ts").then(({ inspect }) => inspect(image, options))),
    );

  program
    .command("attach-contour")
    .summary("store a contour beside its image in a registry")
    .description(
      "Pushes a contour, with its signature if FILE.sig is there, as a referrer of the image (OCI 1.1); prints the artifact's digest.",
    )
    .argument("<image>", "an image in a registry, with the registry's name")
    .argument("<file>", "its contour")
    .addHelpText("after", examples("isoline attach-contour localhost:5000/web:1 web.contour"))
    .action((image: string, file: string) =>
      ends(import("../commands/attach-contour.ts").then(({ attachContour }) => attachContour(image, file))),
    );

  program
    .command("fetch-contour")
    .summary("fetch the contour attached to an image")
    .description(
      "Fetches the contour attached to an image, verifies it, and stores it where isoline-runc looks for it by the image's " +
        "digest; prints where.",
    )
    .argument("<image>", "an image in a registry, with the registry's name")
    .option("-o, --output <file>", "write it here instead")
    .option("--trusted-key <key>", "it must be signed for this image by this public key; may be repeated", repeated)
    .addHelpText("after", examples("isoline fetch-contour localhost:5000/web:1"))
    .action((image: string, options: FetchOptions) =>
      ends(import("../commands/fetch-contour.ts").then(({ fetchContour }) => fetchContour(image, options))),
    );
}

/** `npm run docs`: writes the pages that are made from the sources. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ERROR_PAGE, errorPage } from "./error-page.mjs";
import { HOOK_PAGE, hookPage } from "./hook-page.mjs";
import { repository } from "./run.mjs";

for (const [page, text] of Object.entries({
  [ERROR_PAGE]: errorPage(repository),
  [HOOK_PAGE]: hookPage(repository),
})) {
  writeFileSync(join(repository, page), text);
  console.log(`wrote ${page}`);
}

/** `npm run docs`: writes the generated pages. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { API_PAGE, apiPage } from "./api-page.mjs";
import { COMMAND_PAGE, commandPage } from "./command-page.mjs";
import { CALL_PAGE, callPage } from "./call-page.mjs";
import { ERROR_PAGE, errorPage } from "./error-page.mjs";
import { HOOK_PAGE, hookPage } from "./hook-page.mjs";
import { repository } from "./run.mjs";

const commands = await commandPage(repository);
if (commands === undefined) console.log(`${COMMAND_PAGE} is unchanged: there is no build`);
for (const [page, text] of Object.entries({
  [API_PAGE]: apiPage(repository),
  [ERROR_PAGE]: errorPage(repository),
  [HOOK_PAGE]: hookPage(repository),
  ...(commands === undefined ? {} : { [COMMAND_PAGE]: commands }),
  [CALL_PAGE]: callPage(repository),
})) {
  writeFileSync(join(repository, page), text);
  console.log(`wrote ${page}`);
}

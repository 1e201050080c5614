// `npm run coverage -- [PACKAGE...]`: which branches of the packages' sources their tests take. Fails below 100 % of the branches.

import { assertArguments, cores, installTool, run } from "../workspace.mjs";

const USAGE = `usage: npm run coverage -- [PACKAGE...]
Without names: ${cores.join(", ")}.
`;

const given = process.argv.slice(2);
assertArguments(given, [], USAGE);
installTool("coverage");
const vitest = new URL("node_modules/vitest/vitest.mjs", import.meta.url).pathname;
const options = [vitest, "run", "--config", "tools/coverage/vitest.config.mjs", "--reporter", "dot"];
run(process.execPath, options, { ZLAB_COVERED_PACKAGES: (given.length > 0 ? given : cores).join(",") });

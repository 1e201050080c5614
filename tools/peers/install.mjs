// Installs the peers, which the normal set-up leaves out: `npm run bench -- peers` calls this before it measures.

import { installTool } from "../workspace.mjs";

installTool("peers");

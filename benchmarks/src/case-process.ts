// The child process of one case: takes the request as its argument and prints the result as JSON. Only the module of that case is
// loaded, so that a process holds nothing that it does not measure.

import { type CaseRequest, runCase } from "./cases.ts";

const request = JSON.parse(process.argv[2]!) as CaseRequest;
process.stdout.write(JSON.stringify(await runCase(request)));

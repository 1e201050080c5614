// The child process of one case: takes the request as its argument and prints the result as JSON.

import { type CaseRequest, runCase } from "./cases.ts";

const request = JSON.parse(process.argv[2]!) as CaseRequest;
process.stdout.write(JSON.stringify(runCase(request)));

export { xvmallocDriver } from "./driver.ts";
export { xvmallocModule } from "./module.ts";
export { type XvmallocBlock, type XvmallocPlacement, XvmallocPool, xvmallocCapabilities } from "./xvmalloc-pool.ts";

export { Buddy } from "./chunks.ts";
export { z3foldDriver } from "./driver.ts";
export { z3foldModule } from "./module.ts";
export {
  type Z3foldListedPage,
  type Z3foldPlacement,
  Z3foldPool,
  type Z3foldTotals,
  z3foldCapabilities,
} from "./z3fold-pool.ts";

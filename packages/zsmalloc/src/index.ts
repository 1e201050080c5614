export { CHAIN_RULES, type ChainRule } from "./chain-rules.ts";
export { ERAS, type Era, type EraName, type ZsmallocConfig, resolveOptions } from "./eras.ts";
export { MIN_SLOT_BYTES, type SizeClassOptions, SizeClassPlan, planSizeClasses } from "./size-classes.ts";

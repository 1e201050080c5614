// The conformance kit for authors of backends.

export {
  type ConformanceOptions,
  type ConformanceProperty,
  type ConformanceReport,
  type ConformanceSuite,
  type PropertyVerdict,
  type RegisterTest,
  conformanceProperties,
  conformanceSuite,
  runConformance,
} from "./conformance.ts";
export { type MisuseCampaign, type MisuseResult, type MisuseTally, runMisuseCampaign } from "./misuse-campaign.ts";
export { MISUSE_KINDS, type MisuseKind } from "./misuse-kinds.ts";
export { type CheckParameters, type CheckResult, DEFAULT_RUNS } from "./property.ts";
export { ReferenceDriver } from "./reference-driver.ts";
export { type ConformanceSubject, conformanceMachine } from "./subject.ts";

// The conformance kit for authors of backends.

export { type CampaignResult, type CampaignRun, campaignCounterexample, campaignRun } from "./campaign-run.ts";
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
export { type SweepBreak, type SweepOptions, type SweepVerdict, sweepFaults } from "./fault-sweep.ts";
export { frontEndDriver } from "./front-end.ts";
export { minimizeList } from "./minimize.ts";
export { type CheckParameters, type CheckResult, DEFAULT_RUNS } from "./property.ts";
export { ReferenceDriver } from "./reference-driver.ts";
export { type ConformanceSubject, type SwitchTarget, conformanceMachine } from "./subject.ts";

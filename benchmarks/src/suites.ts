// All suites, in the order in which they run.

import type { Suite } from "./suite.ts";
import { codecsSuite } from "./suites/codecs.ts";
import { densitySuite } from "./suites/density.ts";
import { peersSuite } from "./suites/peers.ts";
import { pressureSuite } from "./suites/pressure.ts";
import { scaleSuite, terabyteSuite } from "./suites/scale.ts";
import { speedSuite } from "./suites/speed.ts";
import { threadsSuite } from "./suites/threads.ts";

export const SUITES: readonly Suite[] = [
  speedSuite,
  densitySuite,
  pressureSuite,
  scaleSuite,
  threadsSuite,
  peersSuite,
  codecsSuite,
  terabyteSuite,
];

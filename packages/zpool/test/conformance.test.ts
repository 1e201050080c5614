// The kit finds nothing wrong with backends that are right.

import { describe, test } from "vitest";
import { ReferenceDriver, conformanceSuite } from "@zlab/zpool/testing";
import { SlabDriver } from "./slab-driver.ts";

describe("the reference driver", () => conformanceSuite({ test, driver: new ReferenceDriver(), runs: 8 }));
describe("the reference driver on 64 KiB pages", () =>
  conformanceSuite({ test, driver: new ReferenceDriver(), pageBytes: 65536, runs: 2 }));
describe("a backend with slabs of two pages", () => conformanceSuite({ test, driver: new SlabDriver(), runs: 8 }));

// All promises that the kit checks, the elementary ones first: what breaks one of those usually breaks later ones too.

import { compactionProperties } from "./properties-compaction.ts";
import { contentProperties } from "./properties-contents.ts";
import { failureProperties } from "./properties-failures.ts";
import { handleProperties } from "./properties-handles.ts";
import { mappingProperties } from "./properties-mapping.ts";
import { misuseProperties } from "./properties-misuse.ts";
import { accountingProperties } from "./properties-accounting.ts";
import { repeatabilityProperties } from "./properties-repeatability.ts";
import type { PropertySpec } from "./property.ts";

export const PROPERTIES: readonly PropertySpec[] = [
  ...handleProperties,
  ...contentProperties,
  ...mappingProperties,
  ...misuseProperties,
  ...accountingProperties,
  ...failureProperties,
  ...compactionProperties,
  ...repeatabilityProperties,
];

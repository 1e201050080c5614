// The churn phase: a fixed recipe of overwrites and frees that leaves a pool as fragmented as a device that was in use.
//
//   1. Twice as many steps as there are places. Each step draws a place and an object. If the place is empty the object is stored there;
//      otherwise, three times in four, it overwrites what is there, and else the place is emptied.
//   2. Every place that still holds something is emptied with a probability of one third.
//
// The draws don't depend on what the pool answers, so that all backends get the same sequence for the same seed.

import { Prng } from "@zlab/hw-sim";
import type { StoredObjects } from "./stored-objects.ts";

const STEPS_PER_PLACE = 2;

export function churn(stored: StoredObjects, seed: number): void {
  const prng = new Prng(seed);
  const { placeCount } = stored;
  for (let step = 0; step < STEPS_PER_PLACE * placeCount; step++) {
    const place = prng.below(placeCount);
    const objectIndex = prng.below(placeCount);
    const overwrites = prng.below(4) < 3;
    if (!stored.isStored(place)) stored.store(place, objectIndex);
    else if (overwrites) stored.overwrite(place, objectIndex);
    else stored.free(place);
  }
  for (let place = 0; place < placeCount; place++) {
    const empties = prng.below(3) === 0;
    if (empties && stored.isStored(place)) stored.free(place);
  }
}

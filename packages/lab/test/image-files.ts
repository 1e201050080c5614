// Memory images for tests.

import { somePages } from "./zlab.ts";

export { elfCore, limeDump, swapImage } from "../src/fuzz-readers/sample-images.ts";

/** Pages that differ from one another, and from those of another `start`. */
export function numberedPages(start: number, pageCount: number, pageBytes = 4096): Uint8Array {
  return somePages(start + pageCount, pageBytes).slice(start * pageBytes);
}

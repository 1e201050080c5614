import type { ZspageId } from "./zspage-table.ts";

/** How handles name places. `resolve` leaves its result in two fields, so that a look-up makes no object. */
export interface HandleScheme {
  /** Zspage of the handle resolved last. */
  readonly zspage: ZspageId;
  /** Slot of the handle resolved last. */
  readonly slot: number;

  /** Looks a handle up. False if it isn't live, whatever number it is. */
  resolve(handle: number): boolean;

  /** Makes the handle of a newly allocated slot. */
  issue(z: ZspageId, slot: number): number;

  /** Ends a live handle. */
  release(handle: number): void;

  /** The word to keep with the slot, from which the handle can be found again: 0 to 2^31 - 1. */
  ownerWord(handle: number): number;

  /** The object with this owner word is at another place now. */
  moved(ownerWord: number, z: ZspageId, slot: number): void;

  /** The handle of an allocated slot. */
  handleAt(z: ZspageId, slot: number, ownerWord: number): number;
}

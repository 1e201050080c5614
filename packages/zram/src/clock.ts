/** Tells how long the machine has been running, in microseconds. Never 0, which stands for "not accessed since the content was
 * replaced". */
export type Clock = () => number;

/** The time since this process started. */
export function processClock(): number {
  return performance.now() * 1000;
}

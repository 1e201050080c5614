// Compares recorded facts with what happened, counts the comparisons, and stops at the first that fails.

import { Divergence } from "./trace-error.ts";

export class Checker {
  /** Comparisons made so far, each of one number. */
  count = 0;

  /** Throws a Divergence unless both are the same. */
  equal(what: string, expected: number, got: number): void {
    this.count++;
    if (expected !== got) throw new Divergence(what, expected, got);
  }

  /** Compares two lists of numbers, element by element and in length. */
  sameList(what: string, expected: readonly number[], got: readonly number[]): void {
    for (let i = 0; i < Math.min(expected.length, got.length); i++) {
      this.count++;
      if (expected[i] !== got[i]) throw new Divergence(`${what}, element ${i}`, expected[i]!, got[i]!);
    }
    this.sameLength(`length of ${what}`, expected, got);
  }

  /** Compares two tables whose rows begin with a key, column by column and in the number of rows. */
  sameRows(
    what: string,
    columns: readonly string[],
    expected: readonly (readonly number[])[],
    got: readonly (readonly number[])[],
  ): void {
    for (let row = 0; row < Math.min(expected.length, got.length); row++) {
      for (let column = 0; column < columns.length; column++) {
        this.count++;
        const recorded = expected[row]![column]!;
        const found = got[row]![column]!;
        if (recorded === found) continue;
        const where = column === 0 ? `${what} ${row}` : `${what} of ${columns[0]} ${expected[row]![0]}`;
        throw new Divergence(`${where}, ${columns[column]}`, recorded, found);
      }
    }
    this.sameLength(`number of entries, ${what}`, expected, got);
  }

  /** Compares lists that each have a key, in the order of both. */
  sameKeyedLists(
    what: string,
    keyName: string,
    expected: readonly (readonly [key: number, list: readonly number[]])[],
    got: readonly (readonly [key: number, list: readonly number[]])[],
  ): void {
    for (let i = 0; i < Math.min(expected.length, got.length); i++) {
      const [key, list] = expected[i]!;
      this.equal(`${what} ${i}, ${keyName}`, key, got[i]![0]);
      this.sameList(`${what} of ${keyName} ${key}`, list, got[i]![1]);
    }
    this.sameLength(`number of entries, ${what}`, expected, got);
  }

  /** Compares named numbers; `got` must know every name that is recorded. */
  sameTotals(expected: Readonly<Record<string, number>>, got: Readonly<Record<string, number>>): void {
    for (const [name, recorded] of Object.entries(expected)) this.equal(name, recorded, got[name]!);
  }

  /** Compares the lengths of two lists; the message shows the first element that only one has. */
  sameLength(what: string, expected: readonly unknown[], got: readonly unknown[]): void {
    this.count++;
    if (expected.length === got.length) return;
    const first = Math.min(expected.length, got.length);
    const side = expected.length > first ? "expected" : "got";
    const surplus = JSON.stringify((side === "expected" ? expected : got)[first]);
    throw new Divergence(what, expected.length, `${got.length} (first one that only "${side}" has: ${surplus})`);
  }
}

// The lists of free blocks, and the two-level bitmap that says which of them are not empty: a bit for every list, in words,
// and a bit for every word that isn't 0. So the search for the first list that will do looks at two words or three. (The
// kernel's words have 32 bits or 64, which makes no difference to what is found.)
//
// Lists are last in, first out. The kernel keeps the links in the free blocks themselves.

export const NO_BLOCK = -1;
export const NO_LIST = -1;

const FIRST_CAPACITY_BLOCKS = 256;
const WORD_SHIFT = 5;

export class FreeLists {
  readonly listCount: number;
  readonly #head: Int32Array; // [list] its first block, or NO_BLOCK
  readonly #filledLists: Int32Array; // bit list & 31 of word list >> 5
  readonly #filledWords: Int32Array; // the same over the words
  #links: Int32Array = new Int32Array(2 * FIRST_CAPACITY_BLOCKS); // [block * 2] next, [block * 2 + 1] previous

  constructor(listCount: number) {
    this.listCount = listCount;
    this.#head = new Int32Array(listCount).fill(NO_BLOCK);
    this.#filledLists = new Int32Array(wordsFor(listCount));
    this.#filledWords = new Int32Array(wordsFor(this.#filledLists.length));
  }

  /** The first block of a list, or NO_BLOCK. */
  headOf(list: number): number {
    return this.#head[list]!;
  }

  /** The first list from `fromList` up that is not empty, or NO_LIST. `fromList` may be one beyond the last: the bit
   * for it exists, as the number of lists is never a multiple of 32, and is never set. */
  firstFilled(fromList: number): number {
    const sameWord = nextInWord(this.#filledLists, fromList);
    if (sameWord >= 0) return sameWord;
    const wordCount = this.#filledLists.length;
    for (let from = (fromList >> WORD_SHIFT) + 1; from < wordCount; from = (from | 31) + 1) {
      const word = nextInWord(this.#filledWords, from);
      if (word >= 0) return nextInWord(this.#filledLists, word << WORD_SHIFT);
    }
    return NO_LIST;
  }

  push(list: number, block: number): void {
    if (block * 2 >= this.#links.length) this.#grow(block * 2);
    const links = this.#links;
    const second = this.#head[list]!;
    this.#head[list] = block;
    links[block * 2] = second;
    links[block * 2 + 1] = NO_BLOCK;
    if (second !== NO_BLOCK) links[second * 2 + 1] = block;
    else this.#markFilled(list);
  }

  /** Takes the first block off a list that has one. */
  pop(list: number): number {
    const links = this.#links;
    const block = this.#head[list]!;
    const next = links[block * 2]!;
    this.#head[list] = next;
    if (next !== NO_BLOCK) links[next * 2 + 1] = NO_BLOCK;
    else this.#markEmpty(list);
    return block;
  }

  /** Takes a block off the list that it is on. */
  remove(list: number, block: number): void {
    const links = this.#links;
    const next = links[block * 2]!;
    const previous = links[block * 2 + 1]!;
    if (next !== NO_BLOCK) links[next * 2 + 1] = previous;
    if (previous !== NO_BLOCK) links[previous * 2] = next;
    else this.#head[list] = next;
    if (next === NO_BLOCK && previous === NO_BLOCK) this.#markEmpty(list);
  }

  /** The blocks of a list, head first. */
  blocksOf(list: number): number[] {
    const blocks: number[] = [];
    for (let block = this.#head[list]!; block !== NO_BLOCK; block = this.#links[block * 2]!) blocks.push(block);
    return blocks;
  }

  /** Calls `broken` with what is wrong: a link that is not answered, or a bit that does not tell of its list or word. */
  checkLinks(broken: (what: string) => void): void {
    for (let list = 0; list < this.listCount; list++) {
      this.blocksOf(list).forEach((block, i, blocks) => {
        if (this.#links[block * 2 + 1] !== (blocks[i - 1] ?? NO_BLOCK))
          broken(`block ${block} of list ${list} is linked back`);
      });
      const filled = this.#head[list] !== NO_BLOCK;
      if (isSet(this.#filledLists, list) !== filled) broken(`the bit of list ${list} says that it is not empty`);
    }
    this.#filledLists.forEach((bits, word) => {
      if (isSet(this.#filledWords, word) !== (bits !== 0)) broken(`the bit of word ${word} says that it is not 0`);
    });
  }

  #markFilled(list: number): void {
    const word = list >> WORD_SHIFT;
    this.#filledLists[word]! |= 1 << (list & 31);
    this.#filledWords[word >> WORD_SHIFT]! |= 1 << (word & 31);
  }

  #markEmpty(list: number): void {
    const word = list >> WORD_SHIFT;
    this.#filledLists[word]! &= ~(1 << (list & 31));
    if (this.#filledLists[word] === 0) this.#filledWords[word >> WORD_SHIFT]! &= ~(1 << (word & 31));
  }

  #grow(capacityBlocks: number): void {
    const links = new Int32Array(2 * capacityBlocks);
    links.set(this.#links);
    this.#links = links;
  }
}

function wordsFor(bits: number): number {
  return (bits + 31) >> WORD_SHIFT;
}

function isSet(words: Int32Array, index: number): boolean {
  return ((words[index >> WORD_SHIFT]! >>> (index & 31)) & 1) !== 0;
}

/** The first bit from `index` to the end of its word that is set, else -1. */
function nextInWord(words: Int32Array, index: number): number {
  const bits = words[index >> WORD_SHIFT]! >>> (index & 31);
  return bits === 0 ? -1 : index + 31 - Math.clz32(bits & -bits);
}

// The encoders once more, as plainly as can be: no speed, no shared working memory, positions and lists of bytes. They are what the
// fast ones are compared with on units for which there is no output of the kernel's.

/** Four bytes from `position` as a little-endian number. */
function word(unit: Uint8Array, position: number): number {
  return new DataView(unit.buffer, unit.byteOffset).getUint32(position, true);
}

function hash(unit: Uint8Array, position: number, factor: bigint): number {
  return Number(((BigInt(word(unit, position)) * factor) & 0xffff_ffffn) >> 19n);
}

export function referenceLz4(unit: Uint8Array): Uint8Array {
  const n = unit.length;
  const out: number[] = [];
  const table = new Map<number, number>();
  const hashOf = (position: number): number => hash(unit, position, 2_654_435_761n);
  const lookUp = (position: number): number => {
    const candidate = table.get(hashOf(position)) ?? 0;
    table.set(hashOf(position), position);
    return candidate;
  };
  const lengthBytes = (value: number): number[] =>
    value < 15 ? [] : [...Array.from({ length: Math.floor((value - 15) / 255) }, () => 255), (value - 15) % 255];
  const emit = (from: number, to: number, offset?: number, matchLength = 4): void => {
    out.push((Math.min(to - from, 15) << 4) | Math.min(matchLength - 4, 15), ...lengthBytes(to - from));
    out.push(...unit.subarray(from, to));
    if (offset !== undefined) out.push(offset & 255, offset >> 8, ...lengthBytes(matchLength - 4));
  };
  const measure = (current: number, candidate: number): number => {
    let length = 0;
    while (current + length < n - 5 && unit[current + length] === unit[candidate + length]) length++;
    return length;
  };
  const search = (start: number): { current: number; candidate: number } | undefined => {
    let current = start;
    if (n < 13) return undefined;
    for (let k = 0; ; k++) {
      const next = current + (k === 0 ? 1 : Math.floor((63 + k) / 64));
      if (next > n - 12) return undefined;
      const candidate = lookUp(current);
      if (word(unit, candidate) === word(unit, current)) return { current, candidate };
      current = next;
    }
  };

  let anchor = 0;
  let found = search(1);
  while (found !== undefined) {
    let { current, candidate } = found;
    while (current > anchor && candidate > 0 && unit[current - 1] === unit[candidate - 1]) {
      current--;
      candidate--;
    }
    let isMatch = true;
    while (isMatch) {
      const length = measure(current, candidate);
      emit(anchor, current, current - candidate, length);
      anchor = current + length;
      isMatch = false;
      if (anchor > n - 12) break;
      table.set(hashOf(anchor - 2), anchor - 2);
      candidate = lookUp(anchor);
      current = anchor;
      isMatch = word(unit, candidate) === word(unit, current);
    }
    found = anchor > n - 12 ? undefined : search(anchor + 1);
  }
  emit(anchor, n);
  return Uint8Array.from(out);
}

export function referenceLzo(unit: Uint8Array, hasZeroRuns: boolean): Uint8Array {
  const out: number[] = hasZeroRuns ? [0x11, 0x01] : [];
  const prefixBytes = out.length;
  const extended = (value: number): number[] => {
    const zeros = Math.ceil(value / 255) - 1;
    return [...Array.from({ length: zeros }, () => 0), value - 255 * zeros];
  };
  let stateByte = -1;
  const literals = (from: number, to: number): void => {
    const count = to - from;
    if (count >= 1 && count <= 3) out[stateByte]! |= count;
    if (count >= 4 && count <= 18) out.push(count - 3);
    if (count >= 19) out.push(0, ...extended(count - 18));
    out.push(...unit.subarray(from, to));
  };
  const match = (distance: number, length: number): void => {
    if (length <= 8 && distance <= 2048) {
      out.push((length - 1) * 32 + ((distance - 1) % 8) * 4, Math.floor((distance - 1) / 8));
    } else {
      const isM3 = distance <= 16_384;
      const code = isM3 ? distance - 1 : distance - 16_384;
      const first = isM3 ? 32 : 16 + (code & 0x4000 ? 8 : 0);
      const longest = isM3 ? 33 : 9;
      out.push(...(length <= longest ? [first + length - 2] : [first, ...extended(length - longest)]));
      out.push((code % 64) * 4, Math.floor(code / 64) % 256);
    }
    stateByte = out.length - 2;
  };

  let pending = 0; // first byte not put out
  let block = 0;
  for (;;) {
    const size = Math.min(unit.length - block, hasZeroRuns ? 49_151 : 49_152);
    if (unit.length - block <= 20 || size + (block - pending) < 32) break;
    const table = new Map<number, number>();
    const limit = size - 20;
    let behind = 0;
    for (let p = block === 0 ? 5 : 1; p < limit;) {
      let length = 4;
      let distance = 0;
      if (hasZeroRuns && word(unit, block + p) === 0) {
        while (p + length < limit && length < 2051 && unit[block + p + length] === 0) length++;
      } else {
        const key = hash(unit, block + p, 0x1824_429dn);
        const candidate = table.get(key) ?? 0;
        table.set(key, p);
        if (word(unit, block + candidate) !== word(unit, block + p)) {
          p += 1 + Math.floor((p - behind) / 32);
          continue;
        }
        distance = p - candidate;
        while (unit[block + p + length] === unit[block + candidate + length]) {
          length++;
          if (length % 8 === 4 && p + length >= limit) break;
        }
        const isForbidden = distance > 16_384 && ((distance - 16_384) & 0x403f) === 0x403f;
        if (hasZeroRuns && isForbidden && length >= 261 && length <= 264) length = 260;
      }
      literals(pending, block + p);
      if (distance > 0) match(distance, length);
      else {
        out.push(0x18 + ((length - 4) % 8), 0xfc, 0xff, Math.floor((length - 4) / 8));
        stateByte = out.length - 3;
      }
      p += length;
      behind = p;
      pending = block + p;
    }
    block += size;
  }
  const rest = unit.length - pending;
  if (out.length === prefixBytes && rest > 0 && rest <= 238) out.push(17 + rest, ...unit.subarray(pending));
  else if (rest > 0) literals(pending, unit.length);
  out.push(0x11, 0, 0);
  return Uint8Array.from(out);
}

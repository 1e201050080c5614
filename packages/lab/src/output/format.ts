// Numbers as people read them.

/** 1234567 as "1,234,567". */
export function thousands(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** The noun for so many things: "page" for 1, "pages" for 0, 2, … */
export function plural(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`;
}

/** "1 page", "2,048 pages". */
export function counted(count: number, noun: string): string {
  return `${thousands(count)} ${plural(count, noun)}`;
}

/** The verb after `counted`. */
export function isOrAre(count: number): string {
  return count === 1 ? "is" : "are";
}

/** Bytes with a binary unit and three or four figures: "512 B", "4.0 KiB", "7.9 MiB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unitIndex = -1;
  while (value >= 1024 && unitIndex < units.length - 1) {
    value /= 1024;
    unitIndex++;
  }
  return `${value.toFixed(1)} ${units[unitIndex]}`;
}

/** A page size: "4 KiB". */
export function formatPageSize(pageBytes: number): string {
  return `${pageBytes / 1024} KiB`;
}

/** A ratio with three decimals: "0.957"; "-" if it is undefined (0 / 0). */
export function formatRatio(ratio: number): string {
  return Number.isFinite(ratio) ? ratio.toFixed(3) : "-";
}

/** A part of one as a percentage with a decimal: 0.0451 is "4.5 %". */
export function formatPercent(part: number): string {
  return Number.isFinite(part) ? `${(part * 100).toFixed(1)} %` : "-";
}

/** A change as a percentage with a decimal and its sign: 0.0726 is "+7.3 %". */
export function signedPercent(part: number): string {
  return Number.isFinite(part) ? `${part < 0 ? "-" : "+"}${Math.abs(part * 100).toFixed(1)} %` : "-";
}

/** Nanoseconds as a whole number. */
export function formatNanoseconds(ns: number): string {
  return Number.isFinite(ns) ? thousands(ns) : "-";
}

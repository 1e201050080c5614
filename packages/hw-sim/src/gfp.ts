// "Get free page" flags: what a caller of the page allocator allows and wants. The names are the kernel's; the bit
// positions are our own.

/** The page may come from ZONE_DMA32. */
export const __GFP_DMA32 = 0x01;
/** The page may come from ZONE_HIGHMEM: it must then be reached through a temporary mapping. */
export const __GFP_HIGHMEM = 0x02;
/** The page's owner can move its contents elsewhere (zsmalloc can). */
export const __GFP_MOVABLE = 0x04;
/** The caller may use part of the reserves below the minimum watermark. */
export const __GFP_HIGH = 0x08;
/** The caller may sleep while memory is reclaimed for it; not allowed with preemption off. */
export const __GFP_DIRECT_RECLAIM = 0x10;
/** The background reclaimer is woken when the low watermark is reached. */
export const __GFP_KSWAPD_RECLAIM = 0x20;
/** A failure is not reported in the kernel log. */
export const __GFP_NOWARN = 0x40;
/** The watermarks are ignored: down to the last page. */
export const __GFP_MEMALLOC = 0x80;
/** The page is cleared. */
export const __GFP_ZERO = 0x100;
/** Give up rather than try hard; a large block that fails is expected to. */
export const __GFP_NORETRY = 0x200;

/** The usual request of kernel code that may sleep. */
export const GFP_KERNEL: number = __GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM;
/** The request of code that must not sleep and can do without. */
export const GFP_NOWAIT: number = __GFP_KSWAPD_RECLAIM | __GFP_NOWARN;
/** The request of code that must not sleep and can hardly do without. */
export const GFP_ATOMIC: number = __GFP_HIGH | __GFP_KSWAPD_RECLAIM;

const flagNames: readonly (readonly [number, string])[] = [
  [__GFP_DMA32, "__GFP_DMA32"],
  [__GFP_HIGHMEM, "__GFP_HIGHMEM"],
  [__GFP_MOVABLE, "__GFP_MOVABLE"],
  [__GFP_HIGH, "__GFP_HIGH"],
  [__GFP_DIRECT_RECLAIM, "__GFP_DIRECT_RECLAIM"],
  [__GFP_KSWAPD_RECLAIM, "__GFP_KSWAPD_RECLAIM"],
  [__GFP_NOWARN, "__GFP_NOWARN"],
  [__GFP_MEMALLOC, "__GFP_MEMALLOC"],
  [__GFP_ZERO, "__GFP_ZERO"],
  [__GFP_NORETRY, "__GFP_NORETRY"],
];

/** The flags in words, for logs: "__GFP_HIGHMEM|__GFP_MOVABLE"; "0" for none. */
export function gfpNames(gfp: number): string {
  const names = flagNames.filter(([bit]) => (gfp & bit) !== 0).map(([, name]) => name);
  return names.length === 0 ? "0" : names.join("|");
}

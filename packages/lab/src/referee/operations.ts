// What is done to both devices, as data: where it happens and which contents are written. Contents are numbers (contents.ts), so that
// a list of operations is small and says everything that is needed to do it again.

/** Pages of the devices and of the contents. */
export const PAGE_BYTES = 4096;

/** The most pages of one request, so that the block layer does not split it: a request that fails in the middle then ends there. */
export const MOST_REQUEST_PAGES = 16;

export type Operation =
  | { readonly kind: "write"; readonly pageIndex: number; readonly contents: readonly number[] }
  | { readonly kind: "read" | "discard"; readonly pageIndex: number; readonly pageCount: number }
  /** Sets mem_limit to the present use plus so many pages; fewer than none is a limit that is exceeded already. */
  | { readonly kind: "limit"; readonly slackPages: number }
  /** Takes the limit away; compacts; sets mem_used_max to the present use; resets the device and sets it up again. */
  | { readonly kind: "unlimit" | "compact" | "reset-peak" | "restart" };

export type OperationKind = Operation["kind"];

export const OPERATION_KINDS: readonly OperationKind[] = [
  "write",
  "read",
  "discard",
  "limit",
  "unlimit",
  "compact",
  "reset-peak",
  "restart",
];

/** An operation in words, for the report of a difference. */
export function describeOperation(operation: Operation): string {
  switch (operation.kind) {
    case "write":
      return `write of contents ${operation.contents.join(", ")} to ${pagesInWords(operation.pageIndex, operation.contents.length)}`;
    case "read":
    case "discard":
      return `${operation.kind} of ${pagesInWords(operation.pageIndex, operation.pageCount)}`;
    case "limit":
      return `mem_limit at the present use ${operation.slackPages < 0 ? "-" : "+"} ${Math.abs(operation.slackPages)} pages`;
    case "unlimit":
      return "mem_limit taken away";
    case "compact":
      return "compaction";
    case "reset-peak":
      return "mem_used_max set to the present use";
    default:
      return "reset and set-up";
  }
}

/** "page 7", "pages 7 to 9". */
function pagesInWords(pageIndex: number, pageCount: number): string {
  return pageCount === 1 ? `page ${pageIndex}` : `pages ${pageIndex} to ${pageIndex + pageCount - 1}`;
}

// Memory for direct I/O. zram corrupts data when the buffer of a direct transfer does not begin at a page, and Node's buffers may begin
// anywhere; the memory of WebAssembly is mapped page by page.

/** The part of the global object that is used; its full declaration comes only with the types of browsers. */
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
};

const UNIT_BYTES = 65_536;

/** A buffer of at least so many bytes that begins at a page. */
export function pageAlignedBuffer(leastBytes: number): Uint8Array {
  return new Uint8Array(new WebAssembly.Memory({ initial: Math.ceil(leastBytes / UNIT_BYTES) }).buffer);
}

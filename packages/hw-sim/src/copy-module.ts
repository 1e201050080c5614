// Copies by WebAssembly. `memory.copy` moves bytes at the speed of C's memmove and is entered in a few nanoseconds, where the copying
// methods of typed arrays take 20 to 40 to begin and most need a fresh view. It reaches the bytes of one WebAssembly memory
// only, so a chunk of the machine's memory lies in one, and an instance of this module belongs to it:
//
//     (module
//       (import "m" "b" (memory 1))                                    shared: (memory 1 65536 shared)
//       (func (export "c") (param i32 i32 i32)                         copy(to, from, length)
//         local.get 0  local.get 1  local.get 2  memory.copy)
//       (func (export "f") (param i32 i32 i32)                         fill(start, value, length)
//         local.get 0  local.get 1  local.get 2  memory.fill))
//
// The few lines of WebAssembly's types that are used stand here, since the packages are compiled without a browser's library.

/** A WebAssembly memory. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
}

/** Copies and fills within one WebAssembly memory; all numbers are bytes, the ranges of a copy may overlap. */
export interface CopyFunctions {
  readonly copy: (to: number, from: number, length: number) => void;
  readonly fill: (start: number, value: number, length: number) => void;
}

interface WasmApi {
  readonly Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { readonly c: CopyFunctions["copy"]; readonly f: CopyFunctions["fill"] } };
}

/** A page of WebAssembly, the unit of its memories. */
const WASM_PAGE_BYTES = 65_536;

const HEAD = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]; // "\0asm", version 1
const TYPES = [1, 7, 1, 0x60, 3, 0x7f, 0x7f, 0x7f, 0]; // type 0: (i32, i32, i32) -> ()
const IMPORT_OWN = [2, 8, 1, 1, 0x6d, 1, 0x62, 2, 0x00, 1]; // "m" "b": memory, at least 1 page
const IMPORT_SHARED = [2, 11, 1, 1, 0x6d, 1, 0x62, 2, 0x03, 1, 0x80, 0x80, 0x04]; // shared, at least 1, at most 65536 pages
const FUNCTIONS = [3, 3, 2, 0, 0]; // two functions of type 0
const EXPORTS = [7, 9, 2, 1, 0x63, 0, 0, 1, 0x66, 0, 1]; // "c": function 0, "f": function 1
const CODE_HEAD = [10, 26, 2];
const COPY = [12, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 0x0a, 0, 0, 0x0b]; // memory.copy
const FILL = [11, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 0x0b, 0, 0x0b]; // memory.fill

const compiled: { own?: object; shared?: object } = {};

/** Whether the host has WebAssembly. */
export function hasWebAssembly(): boolean {
  return wasmApi() !== undefined;
}

/** A memory of at least `bytes` bytes and fixed length, all zero, which costs nothing until touched; undefined where there is no
 * WebAssembly, or no room for one more memory in the address space. `shared`: to be used by several threads. */
export function newWasmMemory(bytes: number, shared: boolean): WasmMemory | undefined {
  const wasm = wasmApi();
  if (wasm === undefined) return undefined;
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  try {
    return new wasm.Memory({ initial: pages, maximum: pages, shared });
  } catch {
    return undefined;
  }
}

/** The copying functions of a memory. The module is compiled once for all memories of a kind. */
export function copyFunctionsOf(memory: WasmMemory, shared: boolean): CopyFunctions {
  const wasm = wasmApi()!;
  const key = shared ? "shared" : "own";
  const module = (compiled[key] ??= new wasm.Module(moduleBytes(shared)));
  const { c: copy, f: fill } = new wasm.Instance(module, { m: { b: memory } }).exports;
  return { copy, fill };
}

function moduleBytes(shared: boolean): Uint8Array {
  const memory = shared ? IMPORT_SHARED : IMPORT_OWN;
  return Uint8Array.of(...HEAD, ...TYPES, ...memory, ...FUNCTIONS, ...EXPORTS, ...CODE_HEAD, ...COPY, ...FILL);
}

/** Looked up at every use, so that a host without WebAssembly is served, and can be played by a test. */
function wasmApi(): WasmApi | undefined {
  return (globalThis as { WebAssembly?: WasmApi }).WebAssembly;
}

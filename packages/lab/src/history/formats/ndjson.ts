// zlab's own format (docs/block-traces.md): a header, then an operation per line, each a JSON object.
//
//   {"format":"zlab-history","version":1,"pageBytes":4096}
//   {"op":"write","page":0,"pages":8,"content":16}
//   {"op":"discard","page":2,"pages":3}

import type { BlockOperation, OperationKind } from "../block-operation.ts";
import { HistoryError } from "../history-error.ts";
import type { LineCursor } from "../line-cursor.ts";
import type { HistoryFormat, HistoryParser, ParserOptions } from "./history-format.ts";

const FORMAT = "zlab-history";
const VERSION = 1;

export const ndjsonFormat: HistoryFormat = {
  name: "ndjson",
  noun: "zlab-history",
  adviceIfEmpty: 'give one with lines such as {"op":"write","page":0}',
  recognises: (firstLine) => firstLine.trimStart().startsWith("{"),
  createParser: (options) => new NdjsonParser(options),
};

type Fields = Readonly<Record<string, unknown>>;

/** The fields that an operation may have beside `op`. */
const FIELDS: Readonly<Record<OperationKind, readonly string[]>> = {
  write: ["page", "pages", "content", "disk"],
  discard: ["page", "pages", "disk"],
  zero: ["page", "pages", "disk"],
  compact: [],
};

class NdjsonParser implements HistoryParser {
  readonly #options: ParserOptions;
  #hasHeader = false;

  constructor(options: ParserOptions) {
    this.#options = options;
  }

  parse(line: LineCursor, operation: BlockOperation): boolean {
    const fields = parseObject(line);
    if (!this.#hasHeader) {
      checkHeader(fields, this.#options.pageBytes);
      this.#hasHeader = true;
      return false;
    }
    const kind = kindOf(fields);
    const unknown = Object.keys(fields).find((name) => name !== "op" && !FIELDS[kind].includes(name));
    if (unknown !== undefined) {
      const known = FIELDS[kind].length === 0 ? "no fields" : `the fields ${FIELDS[kind].join(", ")}`;
      throw new HistoryError(`${JSON.stringify(unknown)} means nothing; "${kind}" has ${known}`);
    }
    this.#fill(operation, kind, fields);
    return true;
  }

  #fill(operation: BlockOperation, kind: OperationKind, fields: Fields): void {
    if (kind === "compact") return operation.set(kind, 0, 0, 0);
    const { pageBytes, disks } = this.#options;
    const page = wholeNumber(fields, "page", 0);
    const pageCount = fields["pages"] === undefined ? 1 : wholeNumber(fields, "pages", 1);
    if ((page + pageCount) * pageBytes > Number.MAX_SAFE_INTEGER) {
      throw new HistoryError(
        `page ${page} and ${pageCount} more are beyond any disk; the last byte must be below 2^53`,
      );
    }
    operation.set(kind, disks.indexOf(diskOf(fields)), page * pageBytes, pageCount * pageBytes);
    if (fields["content"] !== undefined) operation.contentPage = wholeNumber(fields, "content", 0);
  }
}

function parseObject(line: LineCursor): Fields {
  let value: unknown;
  try {
    value = JSON.parse(line.text());
  } catch {
    throw new HistoryError(`not valid JSON: ${line.shown()}; mend or remove the line`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new HistoryError(`expected an object such as {"op":"write","page":0}, not ${line.shown()}`);
}

function checkHeader(fields: Fields, pageBytes: number): void {
  if (fields["format"] !== FORMAT) {
    const header = JSON.stringify({ format: FORMAT, version: VERSION, pageBytes });
    throw new HistoryError(`no header; the first line must be ${header}`);
  }
  if (fields["version"] !== VERSION) {
    throw new HistoryError(`version ${JSON.stringify(fields["version"])} is not known, only ${VERSION}`);
  }
  if (fields["pageBytes"] === pageBytes) return;
  const found = JSON.stringify(fields["pageBytes"]) ?? "none";
  throw new HistoryError(
    `"pageBytes" is ${found}, but pages have ${pageBytes} bytes here; they must agree (--page-size)`,
  );
}

function kindOf({ op }: Fields): OperationKind {
  if (typeof op === "string" && Object.hasOwn(FIELDS, op)) return op as OperationKind;
  throw new HistoryError(
    `"op" must be one of ${Object.keys(FIELDS).join(", ")}, not ${JSON.stringify(op) ?? "left out"}`,
  );
}

function wholeNumber(fields: Fields, name: string, min: number): number {
  const value = fields[name];
  if (Number.isSafeInteger(value) && (value as number) >= min) return value as number;
  throw new HistoryError(`"${name}" must be a whole number from ${min} on, not ${JSON.stringify(value) ?? "left out"}`);
}

function diskOf({ disk = "" }: Fields): string {
  if (typeof disk === "string") return disk;
  throw new HistoryError(`"disk" must be a string, not ${JSON.stringify(disk)}`);
}

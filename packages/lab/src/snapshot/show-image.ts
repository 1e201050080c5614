// `zlab image`: an image, checked, and what is in it.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type MachineOptions, ZlabError } from "@zlab/hw-sim";
import { ZsPool, formatClassesFile } from "@zlab/zsmalloc";
import type { ImageOptions } from "../commands/image.ts";
import { createRegistry, machineFor } from "../compose.ts";
import type { CommandContext, ExitCode } from "../context.ts";
import { fileError, readError } from "../errors.ts";
import { counted, formatBytes, formatPageSize, thousands } from "../output/format.ts";
import { writeJson } from "../output/json.ts";
import { type RestoredImage, restoreImage } from "./restore-image.ts";

/** Restores the image and prints it. 1 if it is damaged. Throws a `UsageError` for a file that is none. */
export function showImage(file: string, { json }: ImageOptions, { stdout, cwd }: CommandContext): ExitCode {
  const bytes = readBytes(file, cwd);
  try {
    const restored = restoreImage(bytes, createRegistry(machineFor(4096, 0)));
    if (json === true) writeJson(stdout, describe(file, bytes, restored));
    else stdout.write(asText(file, bytes, restored));
    return 0;
  } catch (error) {
    if (!ZlabError.is(error)) throw error;
    const { code, message } = error;
    if (code === "ZLAB_IMAGE_UNKNOWN") throw fileError(file, message);
    if (json === true) writeJson(stdout, { file, bytes: bytes.length, sound: false, code, message });
    else stdout.write(`${file}: damaged: ${message} (${code})\n`);
    return 1;
  }
}

function readBytes(file: string, cwd: string): Uint8Array {
  try {
    return readFileSync(resolve(cwd, file));
  } catch (error) {
    throw readError(file, error);
  }
}

function describe(file: string, bytes: Uint8Array, { pool, head, file: image }: RestoredImage): object {
  return {
    file,
    bytes: bytes.length,
    sound: true,
    version: image.version,
    ...head,
    sections: image.places.map(({ name, offset, lengthBytes, crc }) => ({
      name,
      offset,
      bytes: lengthBytes,
      crc32: crc,
    })),
    stats: pool.stats(),
    ...(pool instanceof ZsPool && { classes: pool.classRows() }),
  };
}

function asText(file: string, bytes: Uint8Array, { pool, head, file: image }: RestoredImage): string {
  const { objects, totalPages } = pool.stats();
  const options = Object.entries(head.options).map(([name, value]) => `${name} ${String(value)}`);
  return [
    `${file}: image of a ${head.backend} pool, version ${image.version} of the format, ${formatBytes(bytes.length)}`,
    `pool      ${[head.name, ...options].join(", ")}`,
    `machine   ${machineText(head.machine)}`,
    `contents  ${counted(objects, "object")} on ${counted(totalPages, "page")}`,
    "checked   checksums, structure, machine, pool to level 3: all sound",
    "",
    pool instanceof ZsPool ? formatClassesFile(pool) : "",
  ].join("\n");
}

function machineText({ pageBytes, zones, cpus = 1, backing = "array-buffer" }: MachineOptions): string {
  const parts = zones.map(({ kind, pages }) => `${kind} of ${thousands(pages)} pages`);
  return [`${formatPageSize(pageBytes)} pages`, ...parts, counted(cpus, "CPU"), backing].join(", ");
}

// Parsers for the values of options that several commands have.

import { UsageError } from "./errors.ts";
import type { FormatName } from "./pages/formats/formats.ts";

/** A parser for a whole number from `min` to `max`; `name` is the option as the user writes it. */
export function integerOption(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new UsageError(`${name} must be a whole number from ${min} to ${max}, not "${text}"`);
  };
}

/** A parser for one of a few words. */
export function choiceOption<T extends string>(name: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice !== undefined) return choice;
    throw new UsageError(`${name} must be one of ${choices.join(", ")}, not "${text}"`);
  };
}

/** A parser for a list of words separated by commas; empty ones are left out. */
export function listOption(name: string): (text: string) => string[] {
  return (text) => {
    const items = text
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== "");
    if (items.length > 0) return [...new Set(items)];
    throw new UsageError(`${name} needs a list of names separated by commas, not "${text}"`);
  };
}

/** A parser for an option that may be given several times. */
export function repeatedOption(text: string, previous: readonly string[] = []): string[] {
  return [...previous, text];
}

/** Help for the files of every command that takes pages, and for what says how to read them. */
export const FILES_HELP =
  "memory images: raw pages, ELF cores, LiME dumps, swap areas; none: the built-in corpus of 2,048 pages";
export const PAGE_SIZE_HELP = "4096, 16384 or 65536 (default: what the files say, or else 4096)";
export const FORMAT_HELP = "raw, elf-core, lime or swap (default: what the file looks like)";

/** `--format` of the files. */
export const formatOption: (text: string) => FormatName = choiceOption("--format", ["raw", "elf-core", "lime", "swap"]);

/** What `--codec` takes where several are meant, and its default: those that zram is used with most. */
export const CODEC_LIST_HELP =
  "compressors, separated by commas: lzo-rle, lzo, lz4, zstd, deflate, or the path of a module with one of yours";
export const DEFAULT_CODECS: readonly string[] = ["lzo-rle", "lz4", "zstd"];

/** `--chain`: the largest number of pages in a zspage; the limits are the kernel's build option's. */
export const chainOption: (text: string) => number = integerOption("--chain", 4, 16);

/** `--chain` where several are compared. */
export function chainListOption(text: string): number[] {
  return listOption("--chain")(text).map(chainOption);
}

/** `--seed`: seeds are 32-bit unsigned numbers. */
export const seedOption: (text: string) => number = integerOption("--seed", 0, 0xffff_ffff);

/** `--page-size` in bytes: the sizes of the machines that Linux runs zram on. */
export function pageSizeOption(text: string): number {
  const pageBytes = [4096, 16384, 65536].find((size) => String(size) === text);
  if (pageBytes !== undefined) return pageBytes;
  throw new UsageError(`--page-size must be 4096, 16384 or 65536 bytes, not "${text}"`);
}

// One thread's shard of a pool, behind the contract. What is the shard's own goes to its engine; the handles of the other shards are
// good for read and for free. A free of another shard's object is a message to the thread that owns it (remote-frees.ts), sent and
// received now and then: every POLL_OPERATIONS calls of malloc and free, when memory is short, and by `drain`.

import { ENOMEM, type Errno, type Machine } from "@zlab/hw-sim";
import {
  type Capabilities,
  type CheckLevel,
  type Handle,
  type MapMode,
  type Mapping,
  type PoolStats,
  ZPoolError,
  type ZpoolBackend,
  badHandle,
} from "@zlab/zpool";
import { capabilitiesOf } from "../capabilities.ts";
import type { ZsmallocConfig } from "../eras.ts";
import type { PoolPart } from "../pool-tables.ts";
import type { ZsPool } from "../zs-pool.ts";
import { checkRemoteFrees } from "./check.ts";
import { MoveCounter } from "./moves.ts";
import { IncomingFrees, OutgoingFrees } from "./remote-frees.ts";
import { ShardEngine } from "./shard-engine.ts";
import type { ShardHandles } from "./shard-handles.ts";
import type { ShardReader } from "./shard-reader.ts";

/** Calls of malloc and free between two looks at the messages. */
const POLL_OPERATIONS = 32;

/** What has become of the frees that went from thread to thread, as one of them knows it. */
export interface RemoteFreeStats {
  /** Objects of other shards that this thread has freed. */
  readonly sent: number;
  /** Those of them that their owners haven't taken yet: they still occupy their slots. */
  readonly waitingOut: number;
  /** Messages that this thread has taken from others. */
  readonly taken: number;
  /** Messages that wait to be taken by this thread. */
  readonly waitingIn: number;
  /** Messages that named no live object, or one that was mapped. */
  readonly bad: number;
}

/** What a shard is made of; `openShard` puts it together. */
export interface ShardParts {
  readonly machine: Machine;
  readonly name: string;
  readonly index: number;
  readonly config: ZsmallocConfig;
  readonly part: PoolPart;
  readonly handles: ShardHandles;
  readonly mailboxes: readonly Int32Array[];
  /** Makes the reader of a shard. */
  readonly readerOf: (shard: number) => ShardReader;
}

export class ShardPool implements ZpoolBackend {
  readonly type = "zsmalloc";
  readonly name: string;
  readonly machine: Machine;
  readonly capabilities: Capabilities;
  /** Number of the shard. */
  readonly index: number;
  /** The pool of the shard's own objects, to be looked at: classes, lists, placements. */
  readonly engine: ZsPool;
  readonly #handles: ShardHandles;
  readonly #makeReader: (shard: number) => ShardReader;
  readonly #readers: (ShardReader | undefined)[]; // of the shards that were looked into
  readonly #moves: MoveCounter;
  readonly #incoming: IncomingFrees;
  readonly #outgoing: OutgoingFrees;
  readonly #freeTaken: (handle: number) => void;
  #untilPoll = POLL_OPERATIONS;
  #taken = 0;
  #bad = 0;
  #unreported: unknown; // the first error of a message that nobody has been told of
  #retried = 0; // mallocs that were tried again

  /** Use `openShard`. */
  constructor({ machine, name, index, config, part, handles, mailboxes, readerOf }: ShardParts) {
    this.name = name;
    this.machine = machine;
    this.index = index;
    this.capabilities = capabilitiesOf(machine.pageBytes, config);
    this.#handles = handles;
    this.#makeReader = readerOf;
    this.#readers = mailboxes.map(() => undefined);
    this.#moves = new MoveCounter(mailboxes[index]!);
    this.engine = new ShardEngine(machine, name, config, this.capabilities, part, this.#moves);
    this.#incoming = new IncomingFrees(mailboxes[index]!, index, mailboxes.length);
    this.#outgoing = new OutgoingFrees(mailboxes, index);
    this.#freeTaken = (handle) => this.#freeMessage(handle as Handle);
  }

  malloc(bytes: number, gfp: number): Handle | Errno {
    if (--this.#untilPoll <= 0) this.#poll();
    const handle = this.engine.malloc(bytes, gfp);
    return handle === ENOMEM ? this.#mallocAgain(bytes, gfp) : handle;
  }

  /** As in the contract. An object of another shard is free once its owner has taken the message, until when it occupies its slot; a second
   * free of it in between is found by the owner, and reported by its `drain` or `check`. */
  free(handle: Handle): void {
    if (--this.#untilPoll <= 0) this.#poll();
    const shard = this.#handles.shardOf(handle);
    if (shard === this.index) {
      this.engine.free(handle);
      return;
    }
    this.#readerOf(shard, handle, "free").assertLive(handle, "free");
    this.#outgoing.send(shard, handle);
  }

  /** Throws ZLAB_OTHER_SHARD for an object of another shard: a mapping is the object's own bytes, and its owner could move them. */
  map(handle: Handle, mode: MapMode): Mapping {
    this.#assertOwn(handle, "map");
    return this.engine.map(handle, mode);
  }

  unmap(handle: Handle): void {
    this.engine.unmap(handle);
  }

  /** Reads objects of all shards. */
  read(handle: Handle, target: Uint8Array, targetOffset: number, length: number): void {
    const shard = this.#handles.shardOf(handle);
    if (shard === this.index) this.engine.read(handle, target, targetOffset, length);
    else this.#readerOf(shard, handle, "read").read(handle, target, targetOffset, length);
  }

  /** Throws ZLAB_OTHER_SHARD for an object of another shard: what is written while its owner moves it would be lost. */
  write(handle: Handle, source: Uint8Array, sourceOffset: number, length: number): void {
    this.#assertOwn(handle, "write");
    this.engine.write(handle, source, sourceOffset, length);
  }

  /** Pages of this shard. */
  totalPages(): number {
    return this.engine.totalPages();
  }

  /** Pages of all shards; exact while the other threads do nothing. */
  totalPagesOfAll(): number {
    return this.#readers.reduce((sum, _, shard) => sum + this.#openReader(shard).totalPages(), 0);
  }

  /** Compacts this shard; other threads can read its objects meanwhile. */
  compact(onMoved?: (handle: Handle) => void): number {
    this.#poll();
    return this.engine.compact(onMoved);
  }

  /** Statistics of this shard. */
  stats(): PoolStats {
    const stats = this.engine.stats();
    return { ...stats, failures: stats.failures - this.#retried };
  }

  /** Number of the shard that a live handle's object is in. */
  shardOf(handle: Handle): number {
    return this.#handles.shardOf(handle);
  }

  remoteFrees(): RemoteFreeStats {
    return {
      sent: this.#outgoing.sent,
      waitingOut: this.#outgoing.waiting(),
      taken: this.#taken,
      waitingIn: this.#incoming.waitingByShard().reduce((sum, count) => sum + count, 0),
      bad: this.#bad,
    };
  }

  /** Sends this thread's messages and takes those that were sent to it: for threads that are about to rest, since it is malloc and
   * free that do so otherwise. Returns the messages taken. Throws ZLAB_BAD_HANDLE or ZLAB_MAPPED if one of them, or one taken since
   * the last `drain`, was a mistake of the thread that freed; the others are taken nevertheless. */
  drain(): number {
    const before = this.#taken;
    this.#poll();
    const error = this.#unreported;
    this.#unreported = undefined;
    if (error !== undefined) throw error;
    return this.#taken - before;
  }

  /** Also verifies the messages to this shard, which may come in meanwhile: whatever a message names is still allocated. Throws
   * ZLAB_BAD_HANDLE for a message that was a mistake, taken or not. */
  check(level: CheckLevel): void {
    this.engine.check(level);
    if (this.#unreported !== undefined) throw this.#unreported;
    checkRemoteFrees(this.engine, this.#handles, this.index, this.#incoming, level);
  }

  /** Destroys this shard. Other threads' reads and frees of its objects throw ZLAB_DESTROYED from now on. */
  destroy(): number {
    this.#poll();
    const leftovers = this.engine.destroy();
    this.#moves.close();
    this.#incoming.close();
    return leftovers;
  }

  // ---- Details ----------------------------------------------------------------------------------------------------------

  #poll(): void {
    this.#untilPoll = POLL_OPERATIONS;
    this.#outgoing.publish();
    this.#taken += this.#incoming.take(this.#freeTaken);
  }

  /** Frees what another thread asked for. What is wrong with it isn't the fault of the call that took it, so it is kept. */
  #freeMessage(handle: Handle): void {
    try {
      this.engine.free(handle);
    } catch (error) {
      this.#bad++;
      this.#unreported ??= error;
    }
  }

  /** malloc again after taking messages, if there were any. */
  #mallocAgain(bytes: number, gfp: number): Handle | Errno {
    const before = this.#taken;
    this.#poll();
    if (this.#taken === before) return ENOMEM;
    this.#retried++;
    return this.engine.malloc(bytes, gfp);
  }

  #assertOwn(handle: Handle, operation: string): void {
    const shard = this.#handles.shardOf(handle);
    if (shard === this.index) return;
    this.#readerOf(shard, handle, operation).assertLive(handle, operation);
    throw new ZPoolError(
      "ZLAB_OTHER_SHARD",
      `${this.name}: ${operation} of handle ${handle}, an object of shard ${shard}: only its own thread can, others can read and free it`,
    );
  }

  /** The reader of a shard that a handle names, if there is such a shard. */
  #readerOf(shard: number, handle: Handle, operation: string): ShardReader {
    if (shard < this.#readers.length) return this.#readers[shard] ?? this.#openReader(shard);
    throw badHandle(this.name, operation, handle);
  }

  #openReader(shard: number): ShardReader {
    return (this.#readers[shard] ??= this.#makeReader(shard));
  }
}

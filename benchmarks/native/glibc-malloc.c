// The yardstick of the speed benchmark: the same operations on the same sizes and picks as the TypeScript side, over the C
// library's malloc. It reads the workload that `src/workload.ts` wrote (all numbers are 32-bit, little-endian) and prints the
// samples as JSON, nanoseconds per operation. The bookkeeping is that of the other side: a word per live object, and its size.
//
// usage: glibc-malloc WORKLOAD_FILE

#define _GNU_SOURCE
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

enum { MAGIC = 0x7a6c6162, HEADER_WORDS = 7, LARGEST_OBJECT_BYTES = 4096 };

struct workload {
  int32_t live, operations, warm_ups, samples, cycles, stream; /* stream: operations of all samples of one kind */
  const int32_t *sizes, *order, *picks, *new_sizes;
};

static void **handles;
static int32_t *size_of;
static char payload[LARGEST_OBJECT_BYTES];
static char buffer[LARGEST_OBJECT_BYTES];

static void fail(const char *message) {
  fprintf(stderr, "glibc-malloc: %s\n", message);
  exit(1);
}

static struct workload read_workload(const char *path) {
  int file = open(path, O_RDONLY);
  struct stat info;
  if (file < 0 || fstat(file, &info) != 0) fail("cannot read the workload");
  const int32_t *words = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  if (words == MAP_FAILED || words[0] != MAGIC) fail("the file is no workload");
  struct workload w = { words[1], words[2], words[3], words[4], words[5], words[6], NULL, NULL, NULL, NULL };
  w.sizes = words + HEADER_WORDS;
  w.order = w.sizes + w.live;
  w.picks = w.order + w.live;
  w.new_sizes = w.picks + w.stream;
  if (info.st_size != 4L * (HEADER_WORDS + 2L * w.live + 2L * w.stream)) fail("the workload is cut off");
  return w;
}

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Keeps the compiler from dropping a copy whose result nobody reads. */
static void keep(const void *bytes) {
  __asm__ volatile("" : : "g"(bytes) : "memory");
}

static uint64_t pair_ns(const struct workload *w, int32_t sample) {
  int32_t from = sample * w->operations;
  uint64_t start = now_ns();
  for (int32_t i = from; i < from + w->operations; i++) {
    int32_t pick = w->picks[i];
    free(handles[pick]);
    handles[pick] = malloc((size_t)w->new_sizes[i]);
    size_of[pick] = w->new_sizes[i];
  }
  return now_ns() - start;
}

static uint64_t load_ns(const struct workload *w, int32_t sample) {
  int32_t from = sample * w->operations;
  uint64_t start = now_ns();
  for (int32_t i = from; i < from + w->operations; i++) {
    int32_t pick = w->picks[i];
    memcpy(buffer, handles[pick], (size_t)size_of[pick]);
    keep(buffer);
  }
  return now_ns() - start;
}

static uint64_t store_ns(const struct workload *w) {
  uint64_t start = now_ns();
  for (int32_t i = 0; i < w->live; i++) {
    handles[i] = malloc((size_t)size_of[i]);
    memcpy(handles[i], payload, (size_t)size_of[i]);
    keep(handles[i]);
  }
  return now_ns() - start;
}

static uint64_t free_ns(const struct workload *w) {
  uint64_t start = now_ns();
  for (int32_t i = 0; i < w->live; i++) free(handles[w->order[i]]);
  return now_ns() - start;
}

static void print_samples(const char *name, const double *samples, int32_t count, const char *end) {
  printf("\"%s\":[", name);
  for (int32_t i = 0; i < count; i++) printf("%s%.3f", i == 0 ? "" : ",", samples[i]);
  printf("]%s", end);
}

static uint32_t checksum_of(uint32_t sum, const int32_t *words, int32_t count) {
  for (int32_t i = 0; i < count; i++) sum = (sum ^ (uint32_t)words[i]) * 16777619u;
  return sum;
}

static long resident_bytes(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file != NULL && fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
  if (file != NULL) fclose(file);
  return pages * sysconf(_SC_PAGESIZE);
}

int main(int argc, char **argv) {
  if (argc != 2) fail("usage: glibc-malloc WORKLOAD_FILE");
  struct workload w = read_workload(argv[1]);
  mallopt(M_TRIM_THRESHOLD, 1 << 30); /* keep what is freed: page faults of the host are not what is measured */
  mallopt(M_MMAP_THRESHOLD, 1 << 24);
  handles = calloc((size_t)w.live, sizeof *handles);
  size_of = malloc((size_t)w.live * sizeof *size_of);
  memcpy(size_of, w.sizes, (size_t)w.live * sizeof *size_of);
  memset(payload, 7, sizeof payload);
  double *samples[4];
  for (int k = 0; k < 4; k++) samples[k] = calloc((size_t)w.samples, sizeof(double));
  long empty_bytes = resident_bytes();
  store_ns(&w);
  long filled_bytes = resident_bytes();
  for (int32_t n = -w.warm_ups; n < w.samples; n++) {
    uint64_t ns = pair_ns(&w, n + w.warm_ups);
    if (n >= 0) samples[0][n] = (double)ns / w.operations;
  }
  for (int32_t n = -w.warm_ups; n < w.samples; n++) {
    uint64_t ns = load_ns(&w, n + w.warm_ups);
    if (n >= 0) samples[1][n] = (double)ns / w.operations;
  }
  for (int32_t n = -w.warm_ups; n < w.samples; n++) {
    uint64_t store = 0, freed = 0;
    for (int32_t cycle = 0; cycle < w.cycles; cycle++) {
      freed += free_ns(&w);
      store += store_ns(&w);
    }
    if (n < 0) continue;
    samples[2][n] = (double)store / w.live / w.cycles;
    samples[3][n] = (double)freed / w.live / w.cycles;
  }
  uint32_t sum = checksum_of(2166136261u, w.sizes, 2 * w.live + 2 * w.stream);
  sum = checksum_of(sum, size_of, w.live);
  printf("{\"samples\":{");
  print_samples("pair", samples[0], w.samples, ",");
  print_samples("load", samples[1], w.samples, ",");
  print_samples("store", samples[2], w.samples, ",");
  print_samples("free", samples[3], w.samples, "},");
  printf("\"facts\":{\"checksum\":%u,\"emptyBytes\":%ld,\"filledBytes\":%ld},", sum, empty_bytes, filled_bytes);
  printf("\"scavenges\":0,\"otherCollections\":0,\"rssBytes\":%ld}\n", resident_bytes());
  return 0;
}

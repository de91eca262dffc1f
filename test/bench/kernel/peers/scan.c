/*
 * The plain popcount loop as a peer: one query over all codes, four words a code, nothing clever.
 *
 * This is what a C programmer writes first, and what "native" means in the table unless it says otherwise. Requests are
 * lines of words on standard input, answers are lines of JSON on standard output; peer-process.ts has the list.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { hitsMax = 1 << 20 };

typedef struct {
  uint64_t words[4];
} Code;

typedef struct {
  uint32_t query, slot, distance;
} Hit;

static Code* codes;
static Code* queries;
static size_t codeCount;
static Hit hits[hitsMax];
static size_t hitCount;

static Code* readCodes(const char* path, size_t count) {
  Code* into = aligned_alloc(64, (count * sizeof(Code) + 63) / 64 * 64);
  FILE* file = fopen(path, "rb");
  if (!into || !file || fread(into, sizeof(Code), count, file) != count) return NULL;
  fclose(file);
  return into;
}

static void scan(uint32_t query, uint32_t radius) {
  const uint64_t a = queries[query].words[0], b = queries[query].words[1];
  const uint64_t c = queries[query].words[2], d = queries[query].words[3];
  for (size_t slot = 0; slot < codeCount; slot++) {
    const uint64_t* w = codes[slot].words;
    const uint32_t distance = __builtin_popcountll(w[0] ^ a) + __builtin_popcountll(w[1] ^ b) +
                              __builtin_popcountll(w[2] ^ c) + __builtin_popcountll(w[3] ^ d);
    if (distance <= radius && hitCount < hitsMax) hits[hitCount++] = (Hit){query, (uint32_t)slot, distance};
  }
}

static void run(uint32_t first, uint32_t count, uint32_t radius) {
  struct timespec from, to;
  hitCount = 0;
  clock_gettime(CLOCK_MONOTONIC, &from);
  for (uint32_t query = first; query < first + count; query++) scan(query, radius);
  clock_gettime(CLOCK_MONOTONIC, &to);
  printf("{\"ns\":%lld,\"hits\":[", (to.tv_sec - from.tv_sec) * 1000000000LL + to.tv_nsec - from.tv_nsec);
  for (size_t at = 0; at < hitCount; at++)
    printf("%s%u,%u,%u", at ? "," : "", hits[at].query, hits[at].slot, hits[at].distance);
  printf("]}\n");
}

int main(void) {
  char line[4096], path[4000];
  size_t count;
  unsigned first, number, radius;
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  printf("{\"compiler\":\"%s\"}\n", __VERSION__);
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "codes %zu %3999[^\n]", &count, path) == 2) {
      codes = readCodes(path, count);
      codeCount = count;
      puts(codes ? "{}" : "{\"error\":\"the codes cannot be read\"}");
    } else if (sscanf(line, "queries %zu %3999[^\n]", &count, path) == 2) {
      queries = readCodes(path, count);
      puts(queries ? "{}" : "{\"error\":\"the queries cannot be read\"}");
    } else if (sscanf(line, "run scan %u %u %u", &first, &number, &radius) == 3) {
      run(first, number, radius);
    } else {
      puts("{\"error\":\"unknown request\"}");
    }
    fflush(stdout);
  }
}

#pragma once
#include <string.h>

#include "cloops.h"
#include "topk.h"

// What one kind of processor computes in its vector registers. There is one body for all kinds,
// compiled once for each: avx512.c, avx2.c and neon.c say what a vector is.
struct registers {
  // Straight from the operands.
  void (*product)(const struct dense_product *product);
  // Adds items first ..< last to the best of b <= top_rows queries. `packed` has e · top_rows floats.
  void (*scores)(
      const struct top_request *request, int64_t first, int64_t last, struct top_scores *tops,
      int64_t b, const float *query, float *packed);
};
// Those of a vector level, or null.
const struct registers *host_registers(int level);
// Those that score a catalogue for `b` queries the fastest, of a level or below.
const struct registers *scoring_registers(int level, int64_t b);

#if defined(__x86_64__)
extern const struct registers avx512_registers, avx2_registers;
#elif defined(__aarch64__)
extern const struct registers neon_registers;
#endif

// Constant bounds unroll, so that arrays of vectors become registers.
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
#define ROLLED _Pragma("clang loop unroll(disable)")
#define LOAD(x, p) memcpy(&(x), p, sizeof(x))
#define STORE(p, x) memcpy(p, &(x), sizeof(x))
#define MULTIPLY_ADD(x, y, z) __builtin_elementwise_fma(x, y, z)

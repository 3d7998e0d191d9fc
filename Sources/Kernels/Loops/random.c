#include <stdbool.h>

#include "clones.h"
#include "cloops.h"
#include "philox.h"
#include "vmath.h"

CLONES void host_uniform(
    uint64_t key, uint64_t counter, float low, float high, float last, float *y, int64_t n) {
#pragma clang fp contract(off)
  float span = high - low;
  for (int64_t start = 0; start < n; start += 64) {
    uint32_t word[64];
    philox_words(key, counter, (uint32_t)(start / 4), word);
    float draw[64];
    for (int i = 0; i < 64; i++) {
      float value = low + span * ((float)(word[i] >> 8) * 0x1p-24f);
      draw[i] = value < last ? value : last;
    }
    memcpy(y + start, draw, (size_t)(n - start < 64 ? n - start : 64) * sizeof(float));
  }
}

// Element i of a loop over x[n] and uniform draws, to y[n], 64 at a time.
#define DRAWN(result)                                                                    \
  for (int64_t start = 0; start < n; start += 64) {                                      \
    size_t bytes = (size_t)(n - start < 64 ? n - start : 64) * sizeof(float);            \
    uint32_t word[64];                                                                   \
    float in[64] = {0}, out[64];                                                         \
    philox_words(key, counter, (uint32_t)(start / 4), word);                             \
    memcpy(in, x + start, bytes);                                                        \
    for (int i = 0; i < 64; i++) {                                                       \
      float draw = (float)(word[i] >> 8) * 0x1p-24f;                                     \
      out[i] = (result);                                                                 \
    }                                                                                    \
    memcpy(y + start, out, bytes);                                                       \
  }

CLONES void host_dropout(
    uint64_t key, uint64_t counter, const float *x, float rate, float scale, float *y, int64_t n) {
  DRAWN(draw < rate ? 0.0f : in[i] * scale)
}

CLONES void host_bernoulli(
    uint64_t key, uint64_t counter, const float *x, float *y, int64_t n) {
  DRAWN(draw < sigmoid_one(in[i]) ? 1.0f : 0.0f)
}

// -log(-log u), u = (draw + 1/2) * 2^-24. Where u is not exact it is 1 - t of an exact t, whose
// rounding is put back by its first-order effect.
static inline float gumbel_one(uint32_t draw) {
#pragma clang fp contract(off)
  bool upper = draw >= 1u << 23;
  float t = ((float)(int32_t)(upper ? 0xffffffu - draw : draw) + 0.5f) * 0x1p-24f;
  float u = upper ? 1.0f - t : t;
  float lost = upper ? (1.0f - u) - t : 0.0f;
  return -log_one(-(log_one(u) + lost));
}

CLONES void host_gumbel(
    uint64_t key, uint64_t counter, int64_t first, const float *x, float *y, int64_t n) {
  // Sixteen blocks at a time, the first of them the one that word `first` is in.
  for (int64_t start = -(first & 3); start < n; start += 64) {
    uint32_t word[64];
    float noise[64];
    philox_words(key, counter, (uint32_t)((first + start) / 4), word);
    for (int i = 0; i < 64; i++) noise[i] = gumbel_one(word[i] >> 8);
    if (start >= 0 && start + 64 <= n) {
      for (int i = 0; i < 64; i++) y[start + i] = x[start + i] + noise[i];
    } else {
      int64_t end = n - start < 64 ? n - start : 64;
      for (int64_t i = start < 0 ? -start : 0; i < end; i++) y[start + i] = x[start + i] + noise[i];
    }
  }
}

CLONES int64_t host_gumbel_candidates(
    uint64_t key, uint64_t counter, int64_t first, const float *x, float threshold, int64_t start,
    int64_t n) {
  for (; start >= 0 && start + 64 <= n; start += 64) {
    uint32_t word[64];
    philox_words(key, counter, (uint32_t)((first + start) / 4), word);
    // -log u >= 1 - u, and log2 of a float is at least its bits as a number, less the bias.
    int any = 0;
    for (int i = 0; i < 64; i++) {
      float rest = (float)(int32_t)(0xffffffu - (word[i] >> 8));
      float most = 151.0f * 0.693147181f + 1e-4f - 8.26295829e-8f * (float)(int32_t)to_bits(rest);
      any |= x[start + i] + most > threshold;
    }
    if (any) break;
  }
  return start;
}

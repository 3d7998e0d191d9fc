#include <stdint.h>
#include <string.h>

#include "clones.h"
#include "copenblas.h"

typedef uint32_t words __attribute__((ext_vector_type(16)));
typedef uint64_t products __attribute__((ext_vector_type(16)));

// Philox4x32-10 (Salmon et al. 2011) of sixteen blocks at once, blocks `first` ..< `first` + 16 of a
// draw: lane i of words[w] is word w of block first + i.
static inline void philox_blocks(uint64_t key, uint64_t counter, uint32_t first, words out[4]) {
  const words lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  words a = (uint32_t)counter, b = (uint32_t)(counter >> 32), c = first + lane, d = 0u;
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    products one = __builtin_convertvector(a, products) * 0xD2511F53u;
    products two = __builtin_convertvector(c, products) * 0xCD9E8D57u;
    a = __builtin_convertvector(two >> 32, words) ^ b ^ k0;
    b = __builtin_convertvector(two, words);
    c = __builtin_convertvector(one >> 32, words) ^ d ^ k1;
    d = __builtin_convertvector(one, words);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = a, out[1] = b, out[2] = c, out[3] = d;
}

CLONES void host_uniform(
    uint64_t key, uint64_t counter, float low, float high, float last, float *y, int64_t n) {
#pragma clang fp contract(off)
  float span = high - low;
  for (int64_t start = 0; start < n; start += 64) {
    words word[4];
    philox_blocks(key, counter, (uint32_t)(start / 4), word);
    float draw[64];
    for (int w = 0; w < 4; w++) {
      lanes value = __builtin_convertvector(word[w] >> 8, lanes) * 0x1p-24f;
      value = low + span * value;
      value = value < last ? value : (lanes)last;
      for (int i = 0; i < 16; i++) draw[4 * i + w] = value[i];
    }
    memcpy(y + start, draw, (size_t)(n - start < 64 ? n - start : 64) * sizeof(float));
  }
}

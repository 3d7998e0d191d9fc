#pragma once
#include <stdint.h>
#include <string.h>

#include "clones.h"

typedef uint32_t words __attribute__((ext_vector_type(16)));
typedef uint64_t products __attribute__((ext_vector_type(8)));

// The high and the low halves of sixteen products: of the even lanes, then of the odd ones.
static inline void multiply_words(const words *a, uint32_t factor, words *high, words *low) {
  const products upper = 0xffffffff00000000u;
  products even = ((products)*a & ~upper) * factor, odd = ((products)*a >> 32) * factor;
  *high = (words)(even >> 32 | (odd & upper));
  *low = (words)((even & ~upper) | odd << 32);
}

// Philox4x32-10 (Salmon et al. 2011) of sixteen blocks at once, blocks `start` ..< `start` + 16 of a
// draw: lane i of words[w] is word w of block start + i.
static inline void philox_blocks(uint64_t key, uint64_t counter, uint32_t start, words out[4]) {
  const words lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  words a = (uint32_t)counter, b = (uint32_t)(counter >> 32), c = start + lane, d = 0u;
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    words one, two, first, second;
    multiply_words(&a, 0xD2511F53u, &one, &first);
    multiply_words(&c, 0xCD9E8D57u, &two, &second);
    a = two ^ b ^ k0, b = second;
    c = one ^ d ^ k1, d = first;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = a, out[1] = b, out[2] = c, out[3] = d;
}

// The words of sixteen blocks in the order of the draw.
static inline void philox_words(uint64_t key, uint64_t counter, uint32_t first, uint32_t out[64]) {
  words word[4];
  philox_blocks(key, counter, first, word);
#define PAIRS(a, b, i) \
  __builtin_shufflevector( \
      a, b, i, i + 16, i + 1, i + 17, i + 2, i + 18, i + 3, i + 19, i + 4, i + 20, i + 5, i + 21, \
      i + 6, i + 22, i + 7, i + 23)
// Words 0, 1, 2, 3 of four blocks from the pairs of words 0, 1 and 2, 3 of eight.
#define BLOCKS(a, b, i) \
  __builtin_shufflevector( \
      a, b, i, i + 1, i + 16, i + 17, i + 2, i + 3, i + 18, i + 19, i + 4, i + 5, i + 20, i + 21, \
      i + 6, i + 7, i + 22, i + 23)
  for (int half = 0; half < 2; half++) {
    words front = half ? PAIRS(word[0], word[1], 8) : PAIRS(word[0], word[1], 0);
    words back = half ? PAIRS(word[2], word[3], 8) : PAIRS(word[2], word[3], 0);
    words quarters[2] = {BLOCKS(front, back, 0), BLOCKS(front, back, 8)};
    memcpy(out + 32 * half, quarters, sizeof quarters);
  }
#undef PAIRS
#undef BLOCKS
}

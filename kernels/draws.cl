// Draws of many words at a time. Only the CPU form has them: an item of the GPU form draws a block.
#ifdef CPU_FORM
// Sixteen products by a factor: of the even lanes, then of the odd ones.
#define PRODUCTS(a, factor, high, low)                                                    \
  {                                                                                       \
    const ulong8 even = (as_ulong8(a) & 0xffffffffUL) * factor;                           \
    const ulong8 odd = (as_ulong8(a) >> 32) * factor;                                     \
    high = as_uint16(even >> 32 | (odd & 0xffffffff00000000UL));                          \
    low = as_uint16((even & 0xffffffffUL) | odd << 32);                                   \
  }

// The upper 24 bits of the words of blocks first ..< first + 16 of Philox (common.cl), in order.
void draw_words(uint2 key, uint2 counter, uint first, int16 *draw) {
  uint16 a = counter.x, b = counter.y, d = 0u, one, two, low_one, low_two;
  uint16 c = first + (uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  uint2 bump = key;
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    PRODUCTS(a, 0xD2511F53UL, one, low_one)
    PRODUCTS(c, 0xCD9E8D57UL, two, low_two)
    a = two ^ b ^ bump.x, b = low_two;
    c = one ^ d ^ bump.y, d = low_one;
    bump += (uint2)(0x9E3779B9u, 0xBB67AE85u);
  }
  a >>= 8, b >>= 8, c >>= 8, d >>= 8;
  uint16 front, back;
  ulong8 blocks;
#pragma unroll
  for (int half_of = 0; half_of < 2; ++half_of) {
    front.even = half_of ? a.hi : a.lo, front.odd = half_of ? b.hi : b.lo;
    back.even = half_of ? c.hi : c.lo, back.odd = half_of ? d.hi : d.lo;
    blocks.even = as_ulong8(front).lo, blocks.odd = as_ulong8(back).lo;
    draw[2 * half_of] = as_int16(blocks);
    blocks.even = as_ulong8(front).hi, blocks.odd = as_ulong8(back).hi;
    draw[2 * half_of + 1] = as_int16(blocks);
  }
}
#endif

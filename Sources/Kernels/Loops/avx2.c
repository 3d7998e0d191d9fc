#include "registers.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

// As in avx512.c, of sixteen registers: a tile, its vectors, an element and a mask fill them.
enum { lanes = 8, widest = 2, tall = 12, main_rows = 6, short_rows = 4 };
enum { most_queries = 3, items_1 = 12, items_2 = 6, items_3 = 4, items_4 = 1 };
static const double in_order_from = 16e6;
typedef float vector __attribute__((ext_vector_type(lanes)));
typedef __m256i part;

INLINE part part_of(int64_t count) {
  int first = count < 8 ? (int)count : 8;
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(first), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE vector load_part(const float *p, part which) { return _mm256_maskload_ps(p, which); }
INLINE void store_part(float *p, vector x, part which) { _mm256_maskstore_ps(p, which, x); }
INLINE unsigned past(vector x, vector y) {
  return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(x, y, _CMP_NLE_UQ));
}

INLINE vector sums_of(const vector *rows) {
  vector halves[4];
  // Row i in the lower half, i + 4 in the upper.
  UNROLL for (int i = 0; i < 4; i++)
    halves[i] = _mm256_add_ps(
        _mm256_permute2f128_ps(rows[i], rows[i + 4], 0x20),
        _mm256_permute2f128_ps(rows[i], rows[i + 4], 0x31));
  vector low = _mm256_add_ps(
      _mm256_unpacklo_ps(halves[0], halves[1]), _mm256_unpackhi_ps(halves[0], halves[1]));
  vector high = _mm256_add_ps(
      _mm256_unpacklo_ps(halves[2], halves[3]), _mm256_unpackhi_ps(halves[2], halves[3]));
  __m256d l = _mm256_castps_pd(low), h = _mm256_castps_pd(high);
  return _mm256_add_ps(
      _mm256_castpd_ps(_mm256_unpacklo_pd(l, h)), _mm256_castpd_ps(_mm256_unpackhi_pd(l, h)));
}

#define DOUBLES(x) _mm256_castps_pd(x)
#define FLOATS(x) _mm256_castpd_ps(x)
INLINE void transpose_square(const float *in, int64_t ld, float *out, int64_t ld_out) {
  UNROLL for (int j = 0; j < 2; j++) {
    vector r[4];
    // Four columns of rows i and i + 4.
    UNROLL for (int i = 0; i < 4; i++)
      r[i] = _mm256_insertf128_ps(
          _mm256_castps128_ps256(_mm_loadu_ps(in + i * ld + 4 * j)),
          _mm_loadu_ps(in + (i + 4) * ld + 4 * j), 1);
    vector low01 = _mm256_unpacklo_ps(r[0], r[1]), high01 = _mm256_unpackhi_ps(r[0], r[1]);
    vector low23 = _mm256_unpacklo_ps(r[2], r[3]), high23 = _mm256_unpackhi_ps(r[2], r[3]);
    float *row = out + 4 * j * ld_out;
    _mm256_storeu_ps(row, FLOATS(_mm256_unpacklo_pd(DOUBLES(low01), DOUBLES(low23))));
    _mm256_storeu_ps(row + ld_out, FLOATS(_mm256_unpackhi_pd(DOUBLES(low01), DOUBLES(low23))));
    _mm256_storeu_ps(
        row + 2 * ld_out, FLOATS(_mm256_unpacklo_pd(DOUBLES(high01), DOUBLES(high23))));
    _mm256_storeu_ps(
        row + 3 * ld_out, FLOATS(_mm256_unpackhi_pd(DOUBLES(high01), DOUBLES(high23))));
  }
}

#include "registers_product.h"
#include "registers_scores.h"
const struct registers avx2_registers = {multiply, score};
#pragma clang attribute pop
#endif

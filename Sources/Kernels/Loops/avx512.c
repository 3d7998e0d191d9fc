#include "registers.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"))), apply_to = function)

// Lanes of a vector; vectors of a row that a tile is wide at most, and the rows of tiles one, two
// and three vectors wide.
enum { lanes = 16, widest = 3, tall = 16, main_rows = 8, short_rows = 4 };
// Vectors of queries that a tile scores at most, and the items of tiles one to four vectors wide.
enum { most_queries = 4, items_1 = 16, items_2 = 8, items_3 = 8, items_4 = 6 };
// Bytes from which on one query reads the rows of a table in their order.
static const double in_order_from = 1e300;
typedef float vector __attribute__((ext_vector_type(lanes)));
typedef __mmask16 part;

INLINE part part_of(int64_t count) { return count < 16 ? (part)((1 << count) - 1) : 0xffff; }
INLINE vector load_part(const float *p, part which) { return _mm512_maskz_loadu_ps(which, p); }
INLINE void store_part(float *p, vector x, part which) { _mm512_mask_storeu_ps(p, which, x); }
// One bit a lane where x is not at most y: above it, or one is NaN.
INLINE unsigned past(vector x, vector y) { return _mm512_cmp_ps_mask(x, y, _CMP_NLE_UQ); }

// Lane i of the result is the sum of vector i.
INLINE vector sums_of(const vector *rows) {
  vector pairs[8], quads[4];
  UNROLL for (int i = 0; i < 8; i++) {
    vector a = rows[i], b = rows[i + 8];
    pairs[i] = _mm512_add_ps(
        _mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
  }
  // Vector i: rows i in the lower half, i + 8 in the upper.
  UNROLL for (int i = 0; i < 4; i++) {
    vector a = pairs[i], b = pairs[i + 4];
    quads[i] = _mm512_add_ps(
        _mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
  }
  // Quarters: rows i, i + 8, i + 4, i + 12.
  vector low = _mm512_add_ps(
      _mm512_unpacklo_ps(quads[0], quads[1]), _mm512_unpackhi_ps(quads[0], quads[1]));
  vector high = _mm512_add_ps(
      _mm512_unpacklo_ps(quads[2], quads[3]), _mm512_unpackhi_ps(quads[2], quads[3]));
  __m512d l = _mm512_castps_pd(low), h = _mm512_castps_pd(high);
  vector all = _mm512_add_ps(
      _mm512_castpd_ps(_mm512_unpacklo_pd(l, h)), _mm512_castpd_ps(_mm512_unpackhi_pd(l, h)));
  return _mm512_shuffle_f32x4(all, all, 0xd8);
}

#define DOUBLES(x) _mm512_castps_pd(x)
#define FLOATS(x) _mm512_castpd_ps(x)
// Column i of lanes x lanes elements at steps of ld becomes row i at steps of ld_out.
INLINE void transpose_square(const float *in, int64_t ld, float *out, int64_t ld_out) {
  vector r[16];
  UNROLL for (int i = 0; i < 4; i++) UNROLL for (int j = 0; j < 4; j++) {
    // Four columns of rows i, i + 4, i + 8 and i + 12.
    const float *at = in + i * ld + 4 * j;
    vector x = _mm512_castps128_ps512(_mm_loadu_ps(at));
    x = _mm512_insertf32x4(x, _mm_loadu_ps(at + 4 * ld), 1);
    x = _mm512_insertf32x4(x, _mm_loadu_ps(at + 8 * ld), 2);
    r[4 * j + i] = _mm512_insertf32x4(x, _mm_loadu_ps(at + 12 * ld), 3);
  }
  UNROLL for (int j = 0; j < 4; j++) {
    vector low01 = _mm512_unpacklo_ps(r[4 * j], r[4 * j + 1]);
    vector high01 = _mm512_unpackhi_ps(r[4 * j], r[4 * j + 1]);
    vector low23 = _mm512_unpacklo_ps(r[4 * j + 2], r[4 * j + 3]);
    vector high23 = _mm512_unpackhi_ps(r[4 * j + 2], r[4 * j + 3]);
    float *row = out + 4 * j * ld_out;
    _mm512_storeu_ps(row, FLOATS(_mm512_unpacklo_pd(DOUBLES(low01), DOUBLES(low23))));
    _mm512_storeu_ps(
        row + ld_out, FLOATS(_mm512_unpackhi_pd(DOUBLES(low01), DOUBLES(low23))));
    _mm512_storeu_ps(
        row + 2 * ld_out, FLOATS(_mm512_unpacklo_pd(DOUBLES(high01), DOUBLES(high23))));
    _mm512_storeu_ps(
        row + 3 * ld_out, FLOATS(_mm512_unpackhi_pd(DOUBLES(high01), DOUBLES(high23))));
  }
}

#include "registers_product.h"
#include "registers_scores.h"
const struct registers avx512_registers = {multiply, score};
#pragma clang attribute pop
#endif

#include "cloops.h"

#if defined(__x86_64__)
#include "avx512.h"

// What the tiles of one band of columns have in common. Vector `V - 1` of a row has `tail` lanes.
struct band {
  int64_t row, step;  // from one row of op(a) to the next, from one column to the next
  const float *b;
  int64_t ldb, k;
  __mmask16 tail;
  const float *bias;
  bool accumulate, relu;
  const float *gate;
  int64_t ld_gate;
  float *c;
  int64_t ldc;
  // Three stretches of k lines that the next band reads, and the steps within one and between them.
  const float *next;
  int64_t next_step, next_stretch;
};

// R rows by V vectors of c stay in registers while k rows of b stream by.
INLINE void tile(const int R, const int V, const struct band *band, const float *a, int64_t i0) {
  vector sums[most];
#define LANES(v) ((v) == V - 1 ? band->tail : (__mmask16)-1)
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++) {
    sums[i * V + v] = band->bias ? _mm512_maskz_loadu_ps(LANES(v), band->bias + 16 * v)
                                 : _mm512_setzero_ps();
  }
  // Gradients to add to, a tile ahead.
  if (band->accumulate && R == 8)
    UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++)
      _mm_prefetch((const char *)(band->c + (i0 + R + i) * band->ldc + 16 * v), _MM_HINT_T0);
  const float *b = band->b;
  int64_t stretch = i0 / R;
  bool is_ahead = R == 8 && band->next && stretch < 3;
  const float *next = is_ahead ? band->next + stretch * band->next_stretch : b;
  int64_t next_step = is_ahead ? band->next_step : 0;
  int64_t row = band->row, step = band->step, ldb = band->ldb;
  a += i0 * row;
  for (int64_t k = band->k; k; k--) {
    vector w[most];
    UNROLL for (int v = 0; v < V; v++) w[v] = _mm512_maskz_loadu_ps(LANES(v), b + 16 * v);
    UNROLL for (int i = 0; i < R; i++) {
      vector x = _mm512_set1_ps(a[i * row]);
      UNROLL for (int v = 0; v < V; v++)
        sums[i * V + v] = _mm512_fmadd_ps(x, w[v], sums[i * V + v]);
    }
    if (R == 8) {
      _mm_prefetch((const char *)next, _MM_HINT_T0);
      next += next_step;
    }
    a += step;
    b += ldb;
  }
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++) {
    vector sum = sums[i * V + v];
    float *c = band->c + (i0 + i) * band->ldc + 16 * v;
    if (band->accumulate) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(LANES(v), c));
    // The second operand stands where one is NaN.
    if (band->relu) sum = _mm512_max_ps(_mm512_setzero_ps(), sum);
    if (band->gate) {
      const float *gate = band->gate + (i0 + i) * band->ld_gate + 16 * v;
      vector open = _mm512_maskz_loadu_ps(LANES(v), gate);
      sum = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(open, _mm512_setzero_ps(), _CMP_GT_OQ), sum);
    }
    _mm512_mask_storeu_ps(c, LANES(v), sum);
  }
}

#define TILE(R, V) \
  __attribute__((noinline)) V4 static void tile_##R##_##V( \
      const struct band *band, const float *a, int64_t row) { \
    tile(R, V, band, a, row); \
  }
TILE(8, 3) TILE(4, 3) TILE(8, 2) TILE(4, 2) TILE(16, 1) TILE(8, 1) TILE(4, 1)
TILE(1, 1) TILE(1, 2) TILE(1, 3) TILE(1, 4) TILE(1, 5) TILE(1, 6) TILE(1, 7) TILE(1, 8)

#define ROWS(R, V) for (; m - i >= R; i += R) tile_##R##_##V(band, a, i);
#define CASE(V) \
  case V: ROWS(1, V) break;
static void multiply_band(const struct band *band, int64_t m, int64_t vectors, const float *a) {
  int64_t i = 0;
  if (vectors == 3) {
    ROWS(8, 3) ROWS(4, 3)
  } else if (vectors == 2) {
    ROWS(8, 2) ROWS(4, 2)
  } else if (vectors == 1) {
    ROWS(16, 1) ROWS(8, 1) ROWS(4, 1)
  }
  switch (vectors) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) }
}

#define DOUBLES(x) _mm512_castps_pd(x)
#define FLOATS(x) _mm512_castpd_ps(x)
// Column i of 16 x 16 elements at steps of ld becomes row i at steps of ld_out.
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

// out[p, j] = b[j, p] of n rows and k columns; out has rows of ld_out.
V4 static void pack_transposed(
    const float *b, int64_t ldb, int64_t k, int64_t n, float *out, int64_t ld_out) {
  for (int64_t j = 0; j < n; j += 16) {
    int64_t width = n - j < 16 ? n - j : 16, p = 0;
    if (width == 16)
      for (; p + 16 <= k; p += 16)
        transpose_square(b + j * ldb + p, ldb, out + p * ld_out + j, ld_out);
    for (; p < k; p++)
      for (int64_t i = 0; i < width; i++) out[p * ld_out + j + i] = b[(j + i) * ldb + p];
  }
}

V4 static void pack_straight(
    const float *b, int64_t ldb, int64_t k, int64_t vectors, __mmask16 tail, float *out) {
  for (int64_t p = 0; p < k; p++)
    for (int64_t v = 0; v < vectors; v++)
      _mm512_storeu_ps(
          out + (p * vectors + v) * 16,
          _mm512_maskz_loadu_ps(v == vectors - 1 ? tail : 0xffff, b + p * ldb + 16 * v));
}

V4 static void multiply(const struct dense_product *p) {
  enum { depth = 256 };
  float panel[depth * 48] __attribute__((aligned(64)));
  // The lines of a band of long rows fall on few sets of a cache.
  bool is_packed = p->transpose_b || (p->transpose_a && p->n >= 256) || p->k * p->ldb >= 1 << 19;
  int64_t widest = p->m < 4 && !is_packed ? 8 : 3;
  for (int64_t j = 0, width; j < p->n; j += width) {
    int64_t left = p->n - j, vectors = (left + 15) / 16;
    vectors = vectors > widest ? (vectors == 4 ? 2 : widest) : vectors;
    width = left < 16 * vectors ? left : 16 * vectors;
    struct band band = {
        .row = p->transpose_a ? 1 : p->lda, .step = p->transpose_a ? p->lda : 1, .ldb = p->ldb,
        .tail = width % 16 ? (1 << width % 16) - 1 : 0xffff, .c = p->c + j, .ldc = p->ldc,
        .bias = p->bias ? p->bias + j : NULL, .accumulate = p->accumulate};
    int64_t k = 0;
    do {
      int64_t rest = p->k - k;
      band.k = is_packed && rest > depth ? depth : rest;
      if (band.k == rest) {
        band.relu = p->relu;
        band.gate = p->gate ? p->gate + j : NULL;
        band.ld_gate = p->ld_gate;
      }
      band.b = p->b + (p->transpose_b ? j * p->ldb + k : k * p->ldb + j);
      if (j + width < p->n && band.k == p->k) {
        const float *ahead = p->transpose_b ? p->b + (j + width) * p->ldb : p->b + j + width;
        band.next = ahead;
        band.next_step = p->transpose_b ? 16 : p->ldb;
        band.next_stretch = p->transpose_b ? 16 * p->k : 16;
      }
      if (is_packed) {
        if (p->transpose_b)
          pack_transposed(band.b, p->ldb, band.k, width, panel, 16 * vectors);
        else
          pack_straight(band.b, p->ldb, band.k, vectors, band.tail, panel);
        band.b = panel;
        band.ldb = 16 * vectors;
      }
      multiply_band(&band, p->m, vectors, p->a + k * band.step);
      band.bias = NULL;
      band.accumulate = true;
      k += band.k;
    } while (k < p->k);
  }
}

bool tiles_product(const struct dense_product *product) {
  if (blas_vector_level() < 4) return false;
  multiply(product);
  return true;
}
#else
bool tiles_product(const struct dense_product *product) {
  (void)product;
  return false;
}
#endif

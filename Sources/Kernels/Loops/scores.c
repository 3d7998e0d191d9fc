#include "topk.h"

#if defined(__x86_64__)
#include "avx512.h"

// The state of up to 64 queries, one a lane.
struct queries {
  float threshold[top_rows];
  // One bit a query whose list is not full: every item goes to it.
  uint16_t open[top_rows / 16];
  struct top_scores *tops;
};

static void note(struct queries *queries, int64_t i, float score, int64_t item) {
  struct top_scores *top = &queries->tops[i];
  top_scores_add(top, score, item);
  if (top->count < top->capacity) return;
  queries->threshold[i] = top->scores[0];
  queries->open[i / 16] &= (uint16_t)~(1u << i % 16);
}

// R items by V vectors of queries. Scores stay in registers unless one passes its query's threshold.
INLINE void tile(
    const int R, const int V, const float *items, int64_t e, const float *bias,
    const float *packed, int64_t item, struct queries *queries) {
  vector sums[most];
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++)
    sums[i * V + v] = bias ? _mm512_set1_ps(bias[i]) : _mm512_setzero_ps();
  for (int64_t p = 0, end; p < e; p = end) {
    end = e - p < 16 ? e : p + 16;
    // The lines of this stretch, two tiles on.
    UNROLL for (int i = 0; i < R; i++)
      _mm_prefetch((const char *)(items + (2 * R + i) * e + p), _MM_HINT_T0);
    for (int64_t l = p; l < end; l++) {
      vector q[most];
      UNROLL for (int v = 0; v < V; v++) q[v] = _mm512_loadu_ps(packed + l * V * 16 + v * 16);
      UNROLL for (int i = 0; i < R; i++) {
        vector x = _mm512_set1_ps(items[i * e + l]);
        UNROLL for (int v = 0; v < V; v++)
          sums[i * V + v] = _mm512_fmadd_ps(x, q[v], sums[i * V + v]);
      }
    }
  }
  __mmask16 any = 0;
  UNROLL for (int v = 0; v < V; v++) {
    vector threshold = _mm512_loadu_ps(queries->threshold + 16 * v);
    UNROLL for (int i = 0; i < R; i++)
      any |= _mm512_cmp_ps_mask(sums[i * V + v], threshold, _CMP_GT_OQ);
    any |= queries->open[v];
  }
  if (__builtin_expect(any == 0, 1)) return;
  float scores[most * 16];
  UNROLL for (int i = 0; i < R * V; i++) _mm512_storeu_ps(scores + 16 * i, sums[i]);
  for (int i = 0; i < R; i++)
    for (int v = 0; v < V; v++) {
      const float *row = scores + (i * V + v) * 16;
      unsigned hits = queries->open[v]
          | _mm512_cmp_ps_mask(
              _mm512_loadu_ps(row), _mm512_loadu_ps(queries->threshold + 16 * v), _CMP_GT_OQ);
      for (; hits; hits &= hits - 1) {
        int lane = __builtin_ctz(hits);
        note(queries, 16 * v + lane, row[lane], item + i);
      }
    }
}

#define BAND(R, V) \
  __attribute__((noinline)) V4 static void band_##V( \
      const struct top_request *r, int64_t first, int64_t last, const float *packed, \
      struct queries *queries) { \
    for (; last - first >= R; first += R) \
      tile(R, V, r->items + first * r->e, r->e, r->bias ? r->bias + first : NULL, packed, first, \
           queries); \
    for (; first < last; first++) \
      tile(1, V, r->items + first * r->e, r->e, r->bias ? r->bias + first : NULL, packed, first, \
           queries); \
  }
BAND(16, 1) BAND(8, 2) BAND(8, 3) BAND(6, 4)

// Lane i of the result is the sum of vector i.
INLINE vector sums_of(const vector rows[16]) {
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

// One query: sixteen items at a time, the table streaming from memory.
V4 static void stream(
    const struct top_request *r, int64_t first, int64_t last, const float *query,
    struct top_scores *top) {
  enum { ahead = 4096 };
  struct queries queries = {.open = {top->count < top->capacity}, .tops = top};
  queries.threshold[0] = top->count ? top->scores[0] : 0;
  int64_t e = r->e, whole = e / 16 * 16;
  __mmask16 rest = (__mmask16)((1 << (e - whole)) - 1);
  for (; first < last; first += 16) {
    int64_t width = last - first < 16 ? last - first : 16;
    __mmask16 lanes = (__mmask16)((1 << width) - 1);
    const float *items = r->items + first * e;
    vector sums[16];
    // A short group reads its last item again.
#define AT(i) (items + ((i) < width ? (i) : width - 1) * e)
    UNROLL for (int i = 0; i < 16; i++) sums[i] = _mm512_setzero_ps();
    if (width == 16) {
      for (int64_t p = 0; p < whole; p += 16) {
        vector q = _mm512_loadu_ps(query + p);
        UNROLL for (int i = 0; i < 16; i++) {
          _mm_prefetch((const char *)(items + (16 + i) * e + p) + ahead, _MM_HINT_T0);
          sums[i] = _mm512_fmadd_ps(_mm512_loadu_ps(items + i * e + p), q, sums[i]);
        }
      }
    } else {
      for (int64_t p = 0; p < whole; p += 16) {
        vector q = _mm512_loadu_ps(query + p);
        UNROLL for (int i = 0; i < 16; i++)
          sums[i] = _mm512_fmadd_ps(_mm512_loadu_ps(AT(i) + p), q, sums[i]);
      }
    }
    if (rest) {
      vector q = _mm512_maskz_loadu_ps(rest, query + whole);
      UNROLL for (int i = 0; i < 16; i++)
        sums[i] = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(rest, AT(i) + whole), q, sums[i]);
    }
    vector scores = sums_of(sums);
    if (r->bias) scores = _mm512_add_ps(scores, _mm512_maskz_loadu_ps(lanes, r->bias + first));
    unsigned hits = queries.open[0] ? lanes
        : _mm512_mask_cmp_ps_mask(
            lanes, scores, _mm512_set1_ps(queries.threshold[0]), _CMP_GT_OQ);
    if (__builtin_expect(hits == 0, 1)) continue;
    float kept[16];
    _mm512_storeu_ps(kept, scores);
    for (; hits; hits &= hits - 1) {
      int lane = __builtin_ctz(hits);
      note(&queries, 0, kept[lane], first + lane);
    }
  }
}

bool score_by_registers(
    const struct top_request *r, int64_t first, int64_t last, struct top_scores *tops, int64_t b,
    const float *query, float *packed) {
  if (blas_vector_level() < 4) return false;
  if (b < 4) {
    // Items of a block stay in the first cache from one query to the next.
    int64_t block = b == 1 ? last - first : 16 * (1 + 512 / (r->e + 1));
    for (; first < last; first += block) {
      int64_t end = last - first < block ? last : first + block;
      for (int64_t i = 0; i < b; i++) stream(r, first, end, query + i * r->e, &tops[i]);
    }
    return true;
  }
  int64_t vectors = (b + 15) / 16, lanes = 16 * vectors;
  for (int64_t p = 0; p < r->e; p++)
    for (int64_t i = 0; i < lanes; i++)
      packed[p * lanes + i] = i < b ? query[i * r->e + p] : 0;
  struct queries queries = {.tops = tops};
  for (int64_t i = 0; i < lanes; i++) {
    queries.threshold[i] = __builtin_inff();
    if (i < b) queries.open[i / 16] |= (uint16_t)(1u << i % 16);
  }
  switch (vectors) {
  case 1: band_1(r, first, last, packed, &queries); break;
  case 2: band_2(r, first, last, packed, &queries); break;
  case 3: band_3(r, first, last, packed, &queries); break;
  default: band_4(r, first, last, packed, &queries);
  }
  return true;
}
#else
bool score_by_registers(
    const struct top_request *request, int64_t first, int64_t last, struct top_scores *tops,
    int64_t b, const float *query, float *packed) {
  (void)request, (void)first, (void)last, (void)tops, (void)b, (void)query, (void)packed;
  return false;
}
#endif

#include <string.h>

#include "clones.h"
#include "cloops.h"

#define LOAD(v, p) memcpy(&v, p, sizeof(lanes))
#define STORE(p, v) memcpy(p, &v, sizeof(lanes))
#define INLINE static inline __attribute__((always_inline))
#define EACH_OF(i, count) _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++)

typedef int marks __attribute__((ext_vector_type(16)));

// The last columns of a row, 0 in the other lanes; `rest` marks the lanes that they have in the
// last 16 columns.
INLINE void load_rest(lanes *v, const float *row, int64_t e, const marks *rest) {
  *v = 0;
  if (e >= 16) {
    LOAD(*v, row + e - 16);
    *v = *rest ? *v : 0;
  } else {
    for (int64_t l = 0; l < e; l++) (*v)[l] = row[l];
  }
}

// Lane i of vector 0 becomes the sum of vector i, by halves of 16, 8, 4 and 2 lanes.
#define HALVE(count, low, high)                                 \
  EACH_OF(i, count) v[i] = __builtin_shufflevector(v[i], v[i + count], low) \
      + __builtin_shufflevector(v[i], v[i + count], high);
#define LOW8 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define HIGH8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define LOW4 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define HIGH4 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define LOW2 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define HIGH2 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define LOW1 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define HIGH1 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31

CLONES void host_candidate_scores(const struct host_candidates *of, float absent, float *scores) {
  int64_t e = of->e, whole = e / 16 * 16;
  marks rest;
  for (int l = 0; l < 16; l++) rest[l] = l >= 16 - (e - whole) ? -1 : 0;
  for (int64_t i = 0; i < of->b; i++) {
    const float *query = of->action + i * e;
    const int32_t *rows = of->rows + i * of->stride;
    lanes last = 0, q, t;
    if (whole < e) load_rest(&last, query, e, &rest);
    for (int64_t start = 0; start < of->n; start += 16, scores += 16) {
      int64_t width = of->n - start < 16 ? of->n - start : 16;
      lanes v[16];
      EACH_OF(c, 16) {
        v[c] = 0;
        if (c >= width || rows[start + c] < 0) continue;
        const float *item = of->items + rows[start + c] * e;
        for (int64_t at = 0; at < whole; at += 16) {
          LOAD(q, query + at);
          LOAD(t, item + at);
          v[c] += q * t;
        }
        if (whole == e) continue;
        load_rest(&t, item, e, &rest);
        v[c] += last * t;
      }
      HALVE(8, LOW8, HIGH8)
      HALVE(4, LOW4, HIGH4)
      HALVE(2, LOW2, HIGH2)
      HALVE(1, LOW1, HIGH1)
      for (int64_t c = 0; c < width; c++) scores[c] = rows[start + c] < 0 ? absent : v[0][c];
    }
    scores -= (of->n + 15) / 16 * 16 - of->n;
  }
}

// Columns at ..< at + 16 of a row's gradient, in the order of its candidates.
INLINE void add_items(
    const struct host_candidates *of, const int32_t *rows, const float *slopes, int64_t at,
    float *sums) {
  lanes total = 0, t;
  for (int64_t c = 0; c < of->n; c++) {
    if (rows[c] < 0) continue;
    LOAD(t, of->items + rows[c] * of->e + at);
    total += slopes[c] * t;
  }
  STORE(sums + at, total);
}

CLONES void host_candidate_scores_backward(
    const struct host_candidates *of, const float *slopes, float *gradient) {
  int64_t e = of->e;
  for (int64_t i = 0; i < of->b; i++, gradient += e, slopes += of->n) {
    const int32_t *rows = of->rows + i * of->stride;
    if (e < 16) {
      for (int64_t d = 0; d < e; d++) {
        float total = 0;
        for (int64_t c = 0; c < of->n; c++)
          if (rows[c] >= 0) total += slopes[c] * of->items[rows[c] * e + d];
        gradient[d] = total;
      }
      continue;
    }
    for (int64_t at = 0; at + 16 <= e; at += 16) add_items(of, rows, slopes, at, gradient);
    // Overlaps what is there with the same values.
    if (e % 16) add_items(of, rows, slopes, e - 16, gradient);
  }
}

CLONES void host_candidate_item_gradient(
    const struct host_candidates *of, const float *slopes, float *gradients) {
  int64_t e = of->e;
  for (int64_t i = 0; i < of->b; i++, slopes += of->n) {
    const int32_t *rows = of->rows + i * of->stride;
    const float *action = of->action + i * e;
    for (int64_t c = 0; c < of->n; c++) {
      if (rows[c] < 0) continue;
      float *gradient = gradients + rows[c] * e, slope = slopes[c];
      if (e < 16) {
        for (int64_t d = 0; d < e; d++) gradient[d] += slope * action[d];
        continue;
      }
      // The last 16 columns overlap others: read before, written behind them.
      lanes sum, last, t;
      LOAD(t, action + e - 16);
      LOAD(last, gradient + e - 16);
      last += slope * t;
      for (int64_t at = 0; at + 16 <= e; at += 16) {
        LOAD(t, action + at);
        LOAD(sum, gradient + at);
        sum += slope * t;
        STORE(gradient + at, sum);
      }
      STORE(gradient + e - 16, last);
    }
  }
}

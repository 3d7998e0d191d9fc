#include <string.h>

#include "clones.h"
#include "cloops.h"
#include "parallel.h"
#include "vmath.h"

// Elements that make a part, and rows that are normalized together.
enum { entropy_share = 75000, entropy_rows = 64 };

struct backward_pass {
  const struct cross_entropy *of;
  const float *normalizer;
  float scale;
  float *slopes;
};
struct forward_pass {
  const struct cross_entropy *of;
  float *normalizer;
};

#define INLINE static inline __attribute__((always_inline))

// v = exp(v - shift).
INLINE void exp_lanes(lanes *v, float shift) {
  float terms[16];
  memcpy(terms, v, sizeof terms);
  _Pragma("clang loop vectorize(assume_safety)") for (int l = 0; l < 16; l++)
    terms[l] = exp_one(terms[l] - shift);
  memcpy(v, terms, sizeof terms);
}

typedef int marks __attribute__((ext_vector_type(16)));

// The elements of a row behind its last whole vector, -inf in the other lanes. Where there are 16,
// they are loaded from the end of the row, and `rest` marks the lanes that they have there.
INLINE void load_rest(lanes *v, const float *x, int64_t n, const marks *rest) {
  *v = -__builtin_inff();
  if (n >= 16) {
    lanes last;
    memcpy(&last, x + n - 16, sizeof last);
    *v = *rest ? last : *v;
  } else {
    for (int64_t l = 0; l < n; l++) (*v)[l] = x[l];
  }
}

#define ROTATED(v, by) \
  __builtin_shufflevector( \
      v, v, (0 + by) % 16, (1 + by) % 16, (2 + by) % 16, (3 + by) % 16, (4 + by) % 16, \
      (5 + by) % 16, (6 + by) % 16, (7 + by) % 16, (8 + by) % 16, (9 + by) % 16, (10 + by) % 16, \
      (11 + by) % 16, (12 + by) % 16, (13 + by) % 16, (14 + by) % 16, (15 + by) % 16)

// NaN where there is one.
#define LARGER(a, b) ((((b) > (a)) | ((b) != (b))) ? (b) : (a))
INLINE float maximum_of(lanes *of) {
  lanes v = *of;
  v = LARGER(v, ROTATED(v, 8));
  v = LARGER(v, ROTATED(v, 4));
  v = LARGER(v, ROTATED(v, 2));
  v = LARGER(v, ROTATED(v, 1));
  return v[0];
}

INLINE float sum_of(lanes *of) {
  lanes v = *of;
  v += ROTATED(v, 8);
  v += ROTATED(v, 4);
  v += ROTATED(v, 2);
  v += ROTATED(v, 1);
  return v[0];
}

// The largest of a row and Σ exp(x − largest), in one pass over memory: what was summed so far is
// scaled down where a block has a larger element.
INLINE void sum_exp(
    const float *x, int64_t n, const marks *rest, float *largest, float *sum) {
  enum { block = 1024 };
  float top = -__builtin_inff();
  double total = 0;
  for (int64_t start = 0; start < n; start += block) {
    int64_t end = n - start < block ? n : start + block, whole = end - (end - start) % 16;
    lanes peaks = top, sums = 0, last = -__builtin_inff(), v;
    for (int64_t at = start; at < whole; at += 16) {
      memcpy(&v, x + at, sizeof v);
      peaks = LARGER(peaks, v);
    }
    if (whole < end) load_rest(&last, x, n, rest);
    peaks = LARGER(peaks, last);
    float peak = maximum_of(&peaks);
    if (peak == -__builtin_inff()) continue;
    if (peak != top && total > 0) total *= (double)exp_one(top - peak);
    top = peak;
    for (int64_t at = start; at < whole; at += 16) {
      memcpy(&v, x + at, sizeof v);
      exp_lanes(&v, top);
      sums += v;
    }
    if (whole < end) {
      exp_lanes(&last, top);
      sums += last;
    }
    total += (double)sum_of(&sums);
  }
  *largest = top;
  *sum = (float)total;
}

CLONES static void normalize(const void *context, int64_t first, int64_t last) {
  enum { rows = entropy_rows };
  const struct forward_pass *pass = context;
  const struct cross_entropy *of = pass->of;
  float tops[rows], sums[rows];
  marks rest;
  for (int l = 0; l < 16; l++) rest[l] = l >= 16 - of->n % 16 ? -1 : 0;
  for (int64_t start = first; start < last; start += rows) {
    int64_t count = last - start < rows ? last - start : rows;
    for (int64_t i = 0; i < count; i++) {
      tops[i] = 0.0f, sums[i] = 1.0f;
      if (!of->weights || of->weights[start + i] != 0.0f)
        sum_exp(of->logits + (start + i) * of->n, of->n, &rest, &tops[i], &sums[i]);
    }
    _Pragma("clang loop vectorize(assume_safety)") for (int64_t i = 0; i < count; i++)
      pass->normalizer[start + i] = tops[i] + log_one(sums[i]);
  }
}

struct row_parts {
  int64_t rows, step;
  void (*work)(const void *context, int64_t first, int64_t last);
  const void *context;
};

static void work_on_rows(const void *context, int64_t part) {
  const struct row_parts *of = context;
  int64_t first = part * of->step;
  of->work(of->context, first, of->rows - first < of->step ? of->rows : first + of->step);
}

// exp of -inf would be a subnormal number on its way to 0, which costs a hundredfold.
static void share_rows(
    const struct blas_library *blas, const struct cross_entropy *of,
    void (*work)(const void *context, int64_t first, int64_t last), const void *context) {
  int64_t blocks = entropy_share / entropy_rows / (of->n > 0 ? of->n : 1) + 1;
  struct row_parts parts = {of->b, blocks * entropy_rows, work, context};
  unsigned before = host_flush_subnormals();
  in_parts(blas->threads, (of->b + parts.step - 1) / parts.step, work_on_rows, &parts);
  host_restore_subnormals(before);
}

float host_cross_entropy(
    const struct blas_library *blas, const struct cross_entropy *of, float *normalizer) {
  struct forward_pass pass = {of, normalizer};
  share_rows(blas, of, normalize, &pass);
  double total = 0;
  for (int64_t i = 0; i < of->b; i++) {
    float weight = of->weights ? of->weights[i] : 1.0f;
    if (weight == 0.0f) continue;
    double information =
        (double)normalizer[i] - (double)of->logits[i * of->n + of->target[i]];
    total += (double)weight * information;
  }
  return (float)(total / (double)of->b);
}

CLONES static void differentiate(const void *context, int64_t first, int64_t last) {
  const struct backward_pass *pass = context;
  const struct cross_entropy *of = pass->of;
  int64_t n = of->n;
  for (int64_t i = first; i < last; i++) {
    float weight = of->weights ? of->weights[i] : 1.0f;
    float *slopes = pass->slopes + i * n;
    if (weight == 0.0f) {
      memset(slopes, 0, (size_t)n * sizeof *slopes);
      continue;
    }
    float scale = pass->scale * weight, normalizer = pass->normalizer[i];
    const float *x = of->logits + i * n;
    lanes v;
    for (int64_t at = 0; at < n; at += 16) {
      if (n < 16) {
        load_rest(&v, x, n, NULL);
      } else {
        // The last vector overlaps what is there with the same values.
        if (n - at < 16) at = n - 16;
        memcpy(&v, x + at, sizeof v);
      }
      exp_lanes(&v, normalizer);
      v *= scale;
      memcpy(slopes + at, &v, (size_t)(n < 16 ? n : 16) * sizeof *slopes);
    }
    slopes[of->target[i]] -= scale;
  }
}

void host_cross_entropy_backward(
    const struct blas_library *blas, const struct cross_entropy *of, const float *normalizer,
    float scale, float *slopes) {
  struct backward_pass pass = {of, normalizer, scale, slopes};
  share_rows(blas, of, differentiate, &pass);
}

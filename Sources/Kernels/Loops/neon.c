#include "registers.h"

#if defined(__aarch64__)
#include <arm_neon.h>

// As in avx512.c.
enum { lanes = 4, widest = 3, tall = 16, main_rows = 8, short_rows = 4 };
enum { most_queries = 4, items_1 = 16, items_2 = 8, items_3 = 8, items_4 = 6 };
static const double in_order_from = 16e6;
typedef float vector __attribute__((ext_vector_type(lanes)));
typedef int64_t part;

INLINE part part_of(int64_t count) { return count < 4 ? count : 4; }
INLINE vector load_part(const float *p, part which) {
  if (which == 4) return vld1q_f32(p);
  float x[4] = {0};
  for (int64_t i = 0; i < which; i++) x[i] = p[i];
  return vld1q_f32(x);
}
INLINE void store_part(float *p, vector x, part which) {
  if (which == 4) return vst1q_f32(p, x);
  float y[4];
  vst1q_f32(y, x);
  for (int64_t i = 0; i < which; i++) p[i] = y[i];
}
INLINE unsigned past(vector x, vector y) {
  const uint32x4_t bit = {1, 2, 4, 8};
  return vaddvq_u32(vbicq_u32(bit, vcleq_f32(x, y)));
}

INLINE vector sums_of(const vector *rows) {
  return vpaddq_f32(vpaddq_f32(rows[0], rows[1]), vpaddq_f32(rows[2], rows[3]));
}

INLINE void transpose_square(const float *in, int64_t ld, float *out, int64_t ld_out) {
  float32x4x2_t even = vtrnq_f32(vld1q_f32(in), vld1q_f32(in + ld));
  float32x4x2_t odd = vtrnq_f32(vld1q_f32(in + 2 * ld), vld1q_f32(in + 3 * ld));
  UNROLL for (int i = 0; i < 2; i++) {
    vst1q_f32(out + i * ld_out, vcombine_f32(vget_low_f32(even.val[i]), vget_low_f32(odd.val[i])));
    vst1q_f32(
        out + (i + 2) * ld_out,
        vcombine_f32(vget_high_f32(even.val[i]), vget_high_f32(odd.val[i])));
  }
}

#include "registers_product.h"
#include "registers_scores.h"
const struct registers neon_registers = {multiply, score};
#endif

// Blocks of matrix products C = A . B, CPU form. An item packs a block of B (PRODUCT_DEPTH deep, up
// to PRODUCT_PANELS panels of COLUMNS columns) and one sliver of A (ROWS rows) after the other, and
// multiplies them with 2 * ROWS float16 sums in registers. Every sum runs in index order.
#pragma OPENCL FP_CONTRACT ON

#define ROWS PRODUCT_ROWS
#define DEPTH PRODUCT_DEPTH
#define COLUMNS (2 * VEC)
#define PANEL (DEPTH * COLUMNS)
#define INLINE inline __attribute__((always_inline))
#define APART __attribute__((noinline))

// What an item packs into. `tile` takes a block of C that is not whole.
#define ALIGNED __attribute__((aligned(64)))
#define DECLARE_PACKED                                                            \
  __local float panels[PRODUCT_PANELS * PANEL] ALIGNED, sliver[ROWS * DEPTH] ALIGNED, \
      tile[ROWS * COLUMNS] ALIGNED
#define PACKED panels, sliver, tile
#define PACKED_PARAMETERS __local float *panels, __local float *sliver, __local float *tile
// Where columns j ..< j + 16 of row p of the packed block lie.
#define PANEL_AT(j, p) (panels + (j) / COLUMNS * PANEL + (p) * COLUMNS + (j) % COLUMNS)
// The next of an item's slivers and panels.
#define FOR_SLIVERS(row, rows, first, end)                                        \
  for (int row = first, rows; row < (end) && (rows = min(ROWS, (end) - row)); row += ROWS)

// 16 elements of which the array has `count`, zero past its end.
APART float16 load_edge(const __global float *p, long count) {
  float lane[VEC];
  vstore16((float16)(0.0f), 0, lane);
  int l = 0;
  for (; l + 4 <= count; l += 4) vstore4(vload4(0, p + l), 0, lane + l);
  for (; l < count; ++l) lane[l] = p[l];
  return vload16(0, lane);
}
INLINE float16 load_some(const __global float *p, long count) {
  return count >= VEC ? vload16(0, p) : load_edge(p, count);
}
APART void store_edge(float16 v, __global float *p, int count) {
  float lane[VEC];
  vstore16(v, 0, lane);
  int l = 0;
  for (; l + 4 <= count; l += 4) vstore4(vload4(0, lane + l), 0, p + l);
  for (; l < count; ++l) p[l] = lane[l];
}
INLINE void store_some(float16 v, __global float *p, int count) {
  if (count >= VEC) vstore16(v, 0, p);
  else store_edge(v, p, count);
}
// dz = dy * act'(y) of 16 elements, of which the arrays have `count`.
INLINE float16 load_gradient(
    const __global float *dy, const __global float *y, long count, int act) {
  const float16 gradient = load_some(dy, count);
  return act == 0 ? gradient : activation_gradient16(gradient, load_some(y, count), act);
}

// A perfect shuffle of 16 vectors: four transpose them.
#define ZIP(a, b, k0, k1, k2, k3, k4, k5, k6, k7)                                  \
  (float16)(a.s##k0, b.s##k0, a.s##k1, b.s##k1, a.s##k2, b.s##k2, a.s##k3, b.s##k3, \
            a.s##k4, b.s##k4, a.s##k5, b.s##k5, a.s##k6, b.s##k6, a.s##k7, b.s##k7)
INLINE void zip(const float16 *from, float16 *to) {
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    to[2 * i] = ZIP(from[i], from[i + 8], 0, 1, 2, 3, 4, 5, 6, 7);
    to[2 * i + 1] = ZIP(from[i], from[i + 8], 8, 9, a, b, c, d, e, f);
  }
}

// B = the transpose of `columns` rows of w, `stride` apart; w has `count` elements from there on.
INLINE void pack_transposed(
    __local float *panels, const __global float *w, int stride, int depth, int columns,
    long count) {
  for (int j = 0; j < columns; j += VEC)
    for (int p = 0; p < depth; p += VEC) {
      float16 a[VEC], b[VEC];
#pragma unroll
      for (int i = 0; i < VEC; ++i) {
        const long at = (long)min(j + i, columns - 1) * stride + p;
        a[i] = load_some(w + at, count - at);
      }
      zip(a, b), zip(b, a), zip(a, b), zip(b, a);
#pragma unroll
      for (int i = 0; i < VEC; ++i)
        if (p + i < depth) vstore16(a[i], 0, PANEL_AT(j, p + i));
    }
}

// ROWS x 16 * `vectors` (1 or 2) of `to`, rows `stride` apart: sliver . panel, added to what is
// there where `onto`. Element (r, p) of the sliver is at r * row_step + p * step.
#define DEFINE_MULTIPLY(name, SPACE)                                                        \
  INLINE void name(                                                                         \
      const int vectors, const int row_step, const int step, const __local float *sliver,   \
      const __local float *panel, int depth, SPACE float *to, size_t stride, bool onto) {   \
    float16 sum0[ROWS], sum1[ROWS];                                                         \
    _Pragma("unroll") for (int r = 0; r < ROWS; ++r) {                                      \
      sum0[r] = onto ? vload16(0, to + r * stride) : (float16)(0.0f);                       \
      sum1[r] = onto && vectors == 2 ? vload16(1, to + r * stride) : (float16)(0.0f);       \
    }                                                                                       \
    for (int p = 0; p < depth; ++p) {                                                       \
      const float16 b0 = vload16(0, panel + p * COLUMNS);                                   \
      const float16 b1 = vload16(1, panel + p * COLUMNS);                                   \
      _Pragma("unroll") for (int r = 0; r < ROWS; ++r) {                                    \
        const float a = sliver[r * row_step + p * step];                                    \
        sum0[r] += a * b0;                                                                  \
        if (vectors == 2) sum1[r] += a * b1;                                                \
      }                                                                                     \
    }                                                                                       \
    _Pragma("unroll") for (int r = 0; r < ROWS; ++r) {                                      \
      vstore16(sum0[r], 0, to + r * stride);                                                \
      if (vectors == 2) vstore16(sum1[r], 1, to + r * stride);                              \
    }                                                                                       \
  }
DEFINE_MULTIPLY(multiply_into, __global)
DEFINE_MULTIPLY(multiply_tile, __local)

// `rows` x `columns` of C, at most ROWS x the packed panels: sliver . panels.
INLINE void multiply_sliver(
    const int row_step, const int step, PACKED_PARAMETERS, int depth, __global float *to,
    size_t stride, int rows, int columns, bool onto) {
  for (int j = 0; j < columns; j += COLUMNS) {
    const int width = min(COLUMNS, columns - j);
    const __local float *panel = PANEL_AT(j, 0);
    if (rows == ROWS && width == COLUMNS) {
      multiply_into(2, row_step, step, sliver, panel, depth, to + j, stride, onto);
      continue;
    }
    if (width > VEC) multiply_tile(2, row_step, step, sliver, panel, depth, tile, COLUMNS, false);
    else multiply_tile(1, row_step, step, sliver, panel, depth, tile, COLUMNS, false);
    for (int r = 0; r < rows; ++r)
      for (int l = 0; l < width; l += VEC) {
        __global float *at = to + r * stride + j + l;
        const float16 sum = vload16(0, tile + r * COLUMNS + l);
        const int some = min(VEC, width - l);
        store_some(onto ? sum + load_some(at, some) : sum, at, some);
      }
  }
}

// Blocks of matrix products C = A . B, GPU form. A work-group computes TILE_ROWS x TILE_COLUMNS of
// C over steps of DEPTH, ROWS x COLUMNS outputs an item in registers; the next step's elements are
// on their way from memory while the last step's are multiplied. Every sum runs in index order.
#pragma OPENCL FP_CONTRACT ON

#define TILE_ROWS PRODUCT_TILE_ROWS
#define TILE_COLUMNS PRODUCT_TILE_COLUMNS
#define DEPTH PRODUCT_DEPTH
#define ROWS PRODUCT_ROWS
#define COLUMNS PRODUCT_COLUMNS
#define ITEMS_ACROSS (TILE_COLUMNS / COLUMNS)
#define ITEMS (TILE_ROWS / ROWS * ITEMS_ACROSS)
#define PRODUCT __kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void

// An item's rows come in runs of up to four, as do its columns: the items of a row of items read
// neighbouring float4 of a tile, which is free of bank conflicts.
#define RUN(n) ((n) < 4 ? (n) : 4)
#define ROW_AT(r) ((r) / RUN(ROWS) * (TILE_ROWS / ROWS * RUN(ROWS)) + y_ * RUN(ROWS) + \
                   (r) % RUN(ROWS))
#define COLUMN_AT(c) ((c) / RUN(COLUMNS) * (ITEMS_ACROSS * RUN(COLUMNS)) +              \
                      x_ * RUN(COLUMNS) + (c) % RUN(COLUMNS))
// A row of a tile with a pad that keeps its float4 aligned and its transposed stores apart.
#define A_PITCH (TILE_ROWS + 4)
#define B_PITCH (TILE_COLUMNS + 4)

// Elements an item loads a step. They are taken along the direction in which memory runs.
#define A_LOADS (TILE_ROWS * DEPTH / ITEMS)
#define B_LOADS (TILE_COLUMNS * DEPTH / ITEMS)
#define A_PLACE(l, i, p)                                                                \
  const int i = a_step == 1 ? ((l) * ITEMS + me) / DEPTH : ((l) * ITEMS + me) % TILE_ROWS; \
  const int p = a_step == 1 ? ((l) * ITEMS + me) % DEPTH : ((l) * ITEMS + me) / TILE_ROWS
#define B_PLACE(l, j, p)                                                                \
  const int j = b_step == 1 ? ((l) * ITEMS + me) / DEPTH : ((l) * ITEMS + me) % TILE_COLUMNS; \
  const int p = b_step == 1 ? ((l) * ITEMS + me) % DEPTH : ((l) * ITEMS + me) / TILE_COLUMNS

// Element `at` of an operand, times act' of the same element of y where that is asked for.
float operand(const __global float *from, const __global float *y, size_t at, int act) {
  return act == 0 ? from[at] : activation_gradient(from[at], y[at], act);
}

#define DECLARE_TILES                                                                   \
  __local float a_tile[DEPTH * A_PITCH] __attribute__((aligned(16)));                   \
  __local float b_tile[DEPTH * B_PITCH] __attribute__((aligned(16)));                   \
  const int me = (int)get_local_id(0), x_ = me % ITEMS_ACROSS, y_ = me / ITEMS_ACROSS; \
  float sum[ROWS][COLUMNS]

#define LOAD_STEP(first)                                                                \
  for (int l = 0; l < A_LOADS; ++l) {                                                   \
    A_PLACE(l, i, p);                                                                   \
    const bool inside = row + i < rows && (first) + p < depth;                          \
    const size_t at = (size_t)(row + i) * a_row + (size_t)((first) + p) * a_step;       \
    a_next[l] = inside ? operand(a, y, at, a_act) : 0.0f;                               \
  }                                                                                     \
  for (int l = 0; l < B_LOADS; ++l) {                                                   \
    B_PLACE(l, j, p);                                                                   \
    const bool inside = column + j < columns && (first) + p < depth;                    \
    const size_t at = (size_t)(column + j) * b_column + (size_t)((first) + p) * b_step; \
    b_next[l] = inside ? operand(b, y, at, b_act) : 0.0f;                               \
  }

// sum += rows row ... of A times columns column ... of B. A(i, p) is a[i * a_row + p * a_step],
// B(p, j) is b[p * b_step + j * b_column]; one of each pair is 1. `EXTRA` runs once a step, while
// the tiles hold it.
#define MULTIPLY_TILES(EXTRA)                                                           \
  {                                                                                     \
    float a_next[A_LOADS], b_next[B_LOADS];                                             \
    for (int r = 0; r < ROWS; ++r)                                                      \
      for (int c = 0; c < COLUMNS; ++c) sum[r][c] = 0.0f;                               \
    LOAD_STEP(0)                                                                        \
    for (int first = 0; first < depth; first += DEPTH) {                                \
      for (int l = 0; l < A_LOADS; ++l) {                                               \
        A_PLACE(l, i, p);                                                               \
        a_tile[p * A_PITCH + i] = a_next[l];                                            \
      }                                                                                 \
      for (int l = 0; l < B_LOADS; ++l) {                                               \
        B_PLACE(l, j, p);                                                               \
        b_tile[p * B_PITCH + j] = b_next[l];                                            \
      }                                                                                 \
      barrier(CLK_LOCAL_MEM_FENCE);                                                     \
      LOAD_STEP(first + DEPTH)                                                          \
      _Pragma("unroll 8") for (int p = 0; p < DEPTH; ++p) {                             \
        float left[ROWS], right[COLUMNS];                                               \
        READ_RUNS(left, ROWS, a_tile + p * A_PITCH, ROW_AT)                             \
        READ_RUNS(right, COLUMNS, b_tile + p * B_PITCH, COLUMN_AT)                      \
        for (int r = 0; r < ROWS; ++r)                                                  \
          for (int c = 0; c < COLUMNS; ++c) sum[r][c] += left[r] * right[c];            \
      }                                                                                 \
      EXTRA                                                                             \
      barrier(CLK_LOCAL_MEM_FENCE);                                                     \
    }                                                                                   \
  }
// A run of four is aligned, which vload4 would not say.
#define READ_RUNS(to, count, from, place)                                               \
  if ((count) % 4 == 0) {                                                               \
    for (int r = 0; r < (count) / 4; ++r) {                                             \
      const float4 run = *(const __local float4 *)((from) + place(4 * r));              \
      to[(4 * r) % (count)] = run.x, to[(4 * r + 1) % (count)] = run.y;                 \
      to[(4 * r + 2) % (count)] = run.z, to[(4 * r + 3) % (count)] = run.w;             \
    }                                                                                   \
  } else {                                                                              \
    for (int r = 0; r < (count); ++r) to[r] = (from)[place(r)];                         \
  }

// Unrolled, since a compiler puts sums that a loop picks from into memory.
#define FOR_OUTPUTS(i, j)                                                               \
  _Pragma("unroll")                                                                     \
  for (int r = 0, i = row + ROW_AT(0); r < ROWS; ++r, i = row + ROW_AT(r))              \
    _Pragma("unroll")                                                                   \
    for (int c = 0, j = column + COLUMN_AT(0); c < COLUMNS; ++c, j = column + COLUMN_AT(c)) \
      if (i < rows && j < columns)

// Blocks of scores, CPU form. An item scores `share` items of the catalogue for `queries` queries,
// 16 scores at a time, and looks closer only where one of them passes the list's last.

// Where the list of query `row` begins among the lists of all blocks.
#define LIST_AT(row) (((size_t)(row) * blocks + block) * k)
#define DECLARE_BLOCK                                                                    \
  const int block = (int)get_global_id(0) % blocks;                                      \
  const int row0 = (int)get_global_id(0) / blocks * queries, row_end = min(b, row0 + queries); \
  const int first = block * share, end = min(n, first + share);                          \
  const int masked = PRESENT(allowed), biased = PRESENT(bias), words = (n + 31) / 32;    \
  for (int row = row0; row < row_end; ++row) clear_list(index, best, LIST_AT(row), k)
#define FINISH_BLOCK                                                                     \
  for (int row = row0; row < row_end && blocks == 1; ++row) finish_list(index, LIST_AT(row), k)

// Offers the first `width` of 16 scores, of items i ..., to the list at `at`.
INLINE void offer(
    __global int *index, __global float *best, size_t at, int k, float16 scores, int i, int width,
    const __global float *bias, int biased, const __global uint *allowed, int masked) {
  if (biased) scores += load_some(bias + i, width);
  if (width == VEC && index[at + k - 1] != NOTHING && !any(scores > best[at + k - 1])) return;
  float lane[VEC];
  vstore16(scores, 0, lane);
  for (int l = 0; l < width; ++l) {
    const float score = ranked(lane[l]);
    if (ranks_before(score, i + l, best[at + k - 1], index[at + k - 1]) &&
        is_allowed(allowed, masked, i + l))
      insert(index, best, at, k, score, i + l);
  }
}

INLINE bool read_last(
    const __global int *index, const __global float *best, size_t at, size_t stride, int k,
    int rows, float *last) {
  bool open = false;
  for (int r = 0; r < rows; ++r) {
    last[r] = best[at + r * stride + k - 1];
    open |= index[at + r * stride + k - 1] == NOTHING;
  }
  return open;
}

// For few queries: dot products, 16 items side by side, in 16 interleaved chains each. Any e.
ELEMENTS score_rows(
    OUT(int, index), OUT(float, best), IN(float, query), IN(float, items), IN(float, bias),
    IN(uint, allowed), int b, int n, int e, int k, int share, int blocks, int queries) {
  AT(index), AT(best), AT(query), AT(items), AT(bias), AT(allowed);
  DECLARE_BLOCK;
  const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const long count = (long)n * e;
  for (int i = first; i < end; i += VEC) {
    const int width = min(VEC, end - i);
    for (int row = row0; row < row_end; ++row) {
      float16 sum[VEC];
#pragma unroll
      for (int l = 0; l < VEC; ++l) sum[l] = 0.0f;
      int d = 0;
      for (; d + VEC <= e; d += VEC) {
        const float16 of_query = vload16(0, query + (size_t)row * e + d);
#pragma unroll
        for (int l = 0; l < VEC; ++l)
          sum[l] += of_query * vload16(0, items + (long)(i + min(l, width - 1)) * e + d);
      }
      if (d < e) {
        const float16 of_query = load_some(query + (size_t)row * e + d, e - d);
#pragma unroll
        for (int l = 0; l < VEC; ++l) {
          const long at = (long)(i + min(l, width - 1)) * e + d;
          const float16 of_item = load_some(items + at, count - at);
          sum[l] += of_query * select((float16)(0.0f), of_item, lane < (int16)(e - d));
        }
      }
#pragma unroll
      for (int l = 0; l < 8; ++l)
        sum[l] = (float16)(sum[2 * l].lo, sum[2 * l + 1].lo) +
                 (float16)(sum[2 * l].hi, sum[2 * l + 1].hi);
#pragma unroll
      for (int l = 0; l < 4; ++l)
        sum[l] = (float16)(sum[2 * l].s0123, sum[2 * l].s89ab, sum[2 * l + 1].s0123,
                           sum[2 * l + 1].s89ab) +
                 (float16)(sum[2 * l].s4567, sum[2 * l].scdef, sum[2 * l + 1].s4567,
                           sum[2 * l + 1].scdef);
#pragma unroll
      for (int l = 0; l < 2; ++l)
        sum[l] = (float16)(sum[2 * l].s014589cd, sum[2 * l + 1].s014589cd) +
                 (float16)(sum[2 * l].s2367abef, sum[2 * l + 1].s2367abef);
      const float16 scores =
          (float16)(sum[0].even, sum[1].even) + (float16)(sum[0].odd, sum[1].odd);
      offer(
          index, best, LIST_AT(row), k, scores, i, width, bias, biased,
          masked ? allowed + (size_t)row * words : allowed, masked);
    }
  }
  FINISH_BLOCK;
}

// For many: the product of slivers of queries and packed items. e is at most DEPTH.
ELEMENTS score_tiles(
    OUT(int, index), OUT(float, best), IN(float, query), IN(float, items), IN(float, bias),
    IN(uint, allowed), int b, int n, int e, int k, int share, int blocks, int queries) {
  AT(index), AT(best), AT(query), AT(items), AT(bias), AT(allowed);
  DECLARE_PACKED;
  DECLARE_BLOCK;
  for (int i = first; i < end; i += PRODUCT_PANELS * COLUMNS) {
    const int columns = min(PRODUCT_PANELS * COLUMNS, end - i);
    pack_transposed(panels, items + (size_t)i * e, e, e, columns, (long)(n - i) * e);
    FOR_SLIVERS(row, rows, row0, row_end) {
      for (int r = 0; r < rows; ++r)
        for (int d = 0; d < e; d += VEC) {
          const long at = (long)(row + r) * e + d;
          vstore16(load_some(query + at, (long)b * e - at), 0, sliver + r * DEPTH + d);
        }
      // The last of each row's list, and whether one of the lists is not full.
      float last[ROWS];
      bool open = read_last(index, best, LIST_AT(row), (size_t)blocks * k, k, rows, last);
      for (int j = 0; j < columns; j += COLUMNS) {
        multiply_tile(2, DEPTH, 1, sliver, PANEL_AT(j, 0), e, tile, COLUMNS, false);
        if (rows == ROWS && columns - j >= COLUMNS && !open) {
          const float16 b0 = biased ? vload16(0, bias + i + j) : (float16)(0.0f);
          const float16 b1 = biased ? vload16(1, bias + i + j) : (float16)(0.0f);
          int16 passes = 0;
#pragma unroll
          for (int r = 0; r < ROWS; ++r)
            passes |= (vload16(2 * r, tile) + b0 > last[r]) | (vload16(2 * r + 1, tile) + b1 > last[r]);
          if (!any(passes)) continue;
        }
        for (int r = 0; r < rows; ++r)
          for (int l = 0; l < min(COLUMNS, columns - j); l += VEC)
            offer(
                index, best, LIST_AT(row + r), k, vload16(0, tile + r * COLUMNS + l), i + j + l,
                min(VEC, columns - j - l), bias, biased,
                masked ? allowed + (size_t)(row + r) * words : allowed, masked);
        open = read_last(index, best, LIST_AT(row), (size_t)blocks * k, k, rows, last);
      }
    }
  }
  FINISH_BLOCK;
}

// Blocks of scores, GPU form. A work-group scores `share` items of the catalogue; the item of it
// that owns a query's list takes the scores in order.

// Where the list of query `row` begins among the lists of all blocks.
#define LIST_AT(row) (((size_t)(row) * blocks + block) * k)

// Takes score i into the list at `at`, whose last `last` and `last_index` repeat. They are local, as
// PoCL 3.1 loses private ones that one item of a group changes between barriers.
#define TAKE(score, i, last, last_index)                                                \
  if (ranks_before(score, i, last, last_index) && is_allowed(words, masked, i)) {       \
    insert(index, best, at, k, score, i);                                               \
    last = best[at + k - 1];                                                            \
    last_index = index[at + k - 1];                                                     \
  }

// For few queries: 32 items of the work-group share the dot product of an item of the catalogue,
// so that memory is read in runs; a work-group does one query. Any e.
#define SCORED 128
#define LANES 32
GROUPED score_rows(
    OUT(int, index), OUT(float, best), IN(float, query), IN(float, items), IN(float, bias),
    IN(uint, allowed), int b, int n, int e, int k, int share, int blocks, int queries) {
  AT(index), AT(best), AT(query), AT(items), AT(bias), AT(allowed);
  __local float part[SCORED * (LANES + 1)], score[SCORED];
  __local float last;
  __local int last_index;
  const int me = (int)get_local_id(0), lane = me % LANES, warp = me / LANES;
  const int block = (int)get_group_id(0) % blocks, row = (int)get_group_id(0) / blocks;
  const int first = block * share, end = min(n, first + share);
  const int masked = PRESENT(allowed), words_at = (n + 31) / 32;
  const __global uint *words = masked ? allowed + (size_t)row * words_at : allowed;
  const size_t at = LIST_AT(row);
  if (me == 0) {
    clear_list(index, best, at, k);
    last = -INFINITY;
    last_index = NOTHING;
  }
  for (int i = first; i < end; i += SCORED) {
    for (int t = 0; t < SCORED * LANES / GROUP; ++t) {
      const int j = warp * (SCORED * LANES / GROUP) + t;
      float sum = 0.0f;
      if (i + j < end)
        for (int d = lane; d < e; d += LANES)
          sum += query[(size_t)row * e + d] * items[(size_t)(i + j) * e + d];
      part[j * (LANES + 1) + lane] = sum;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me < SCORED && i + me < end) {
      float sum = 0.0f;
      for (int l = 0; l < LANES; ++l) sum += part[me * (LANES + 1) + l];
      score[me] = ranked(sum + (PRESENT(bias) ? bias[i + me] : 0.0f));
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me == 0) {
      for (int j = 0; j < min(SCORED, end - i); ++j) {
        TAKE(score[j], i + j, last, last_index)
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  if (me == 0 && blocks == 1) finish_list(index, at, k);
}

// For many: tiles of queries . transpose(items), of which an item a row owns the list. Any e.
PRODUCT score_tiles(
    OUT(int, index), OUT(float, best), IN(float, a), IN(float, b), IN(float, bias),
    IN(uint, allowed), int rows, int n, int depth, int k, int share, int blocks, int queries) {
  AT(index), AT(best), AT(a), AT(b), AT(bias), AT(allowed);
  DECLARE_TILES;
  __local float score[TILE_ROWS * (TILE_COLUMNS + 1)], last[TILE_ROWS];
  __local int last_index[TILE_ROWS];
  const int block = (int)get_group_id(0) % blocks;
  const int row = (int)get_group_id(0) / blocks * TILE_ROWS;
  const int first_item = block * share, columns = min(n, first_item + share);
  const int a_act = 0, b_act = 0, a_row = depth, a_step = 1, b_step = 1, b_column = depth;
  const __global float *y = a;
  const bool owns = me < TILE_ROWS && row + me < rows;
  const int masked = PRESENT(allowed), words_at = (n + 31) / 32;
  const __global uint *words = masked && owns ? allowed + (size_t)(row + me) * words_at : allowed;
  const size_t at = LIST_AT(row + me);
  if (owns) {
    clear_list(index, best, at, k);
    last[me] = -INFINITY;
    last_index[me] = NOTHING;
  }
  for (int column = first_item; column < columns; column += TILE_COLUMNS) {
    MULTIPLY_TILES(;)
    for (int r = 0; r < ROWS; ++r)
      for (int c = 0; c < COLUMNS; ++c)
        score[ROW_AT(r) * (TILE_COLUMNS + 1) + COLUMN_AT(c)] = sum[r][c];
    barrier(CLK_LOCAL_MEM_FENCE);
    if (owns)
      for (int j = 0; j < min(TILE_COLUMNS, columns - column); ++j) {
        const float of_item = PRESENT(bias) ? bias[column + j] : 0.0f;
        const float sum_j = ranked(score[me * (TILE_COLUMNS + 1) + j] + of_item);
        TAKE(sum_j, column + j, last[me], last_index[me])
      }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  if (owns && blocks == 1) finish_list(index, at, k);
}

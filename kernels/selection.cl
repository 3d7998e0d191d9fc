// The k best scores of each query, score = query . item + bias, in two launches: blocks of items
// leave their lists of k, sorted, [b, blocks, k]; then the lists of a query are merged. Where one
// block has all items its list is the result.

// Behind the last of a list that is not full, until it is a result.
#define NOTHING INT_MAX

bool is_allowed(const __global uint *allowed, int present, int i) {
  return !present || (allowed[i / 32] >> (i % 32) & 1u);
}
// NaN ranks lowest.
float ranked(float score) { return isnan(score) ? -INFINITY : score; }
bool ranks_before(float a, int i, float b, int j) { return a > b || (a == b && i < j); }

void clear_list(__global int *index, __global float *best, size_t at, int k) {
  for (int j = 0; j < k; ++j) {
    index[at + j] = NOTHING;
    best[at + j] = -INFINITY;
  }
}
// Puts an item that ranks before the list's last in its place.
void insert(__global int *index, __global float *best, size_t at, int k, float score, int i) {
  int j = k - 1;
  for (; j > 0 && ranks_before(score, i, best[at + j - 1], index[at + j - 1]); --j) {
    best[at + j] = best[at + j - 1];
    index[at + j] = index[at + j - 1];
  }
  best[at + j] = score;
  index[at + j] = i;
}
void finish_list(__global int *index, size_t at, int k) {
  for (int j = 0; j < k; ++j)
    if (index[at + j] == NOTHING) index[at + j] = -1;
}

// The first k columns of index[b, width], and best[b, k], from the lists of `blocks` blocks, at most
// MOST_BLOCKS in the CPU form: highest first, of equals the lower index; -1 and -infinity where there
// are fewer than k. A work-group a row.
#define MOST_BLOCKS 512
GROUPED merge_best(
    OUT(int, index), OUT(float, best), IN(int, block_index), IN(float, block_best), int b, int k,
    int blocks, int width) {
  AT(index), AT(best), AT(block_index), AT(block_best);
  const int row = (int)get_group_id(0);
  if (row >= b) return;
  const size_t lists = (size_t)row * blocks * k, result = (size_t)row * k, at_index = (size_t)row * width;
#ifdef CPU_FORM
  int head[MOST_BLOCKS];
  for (int q = 0; q < blocks; ++q) head[q] = 0;
  for (int j = 0; j < k; ++j) {
    float top = -INFINITY;
    int top_index = NOTHING, from = 0;
    for (int q = 0; q < blocks; ++q) {
      const size_t at = lists + (size_t)q * k + min(head[q], k - 1);
      if (head[q] < k && ranks_before(block_best[at], block_index[at], top, top_index)) {
        top = block_best[at];
        top_index = block_index[at];
        from = q;
      }
    }
    ++head[from];
    best[result + j] = top;
    index[at_index + j] = top_index == NOTHING ? -1 : top_index;
  }
#else
  // k passes over all, each the best after the last.
  __local float top[GROUP];
  __local int top_index[GROUP];
  const int me = (int)get_local_id(0);
  float last = INFINITY;
  int last_index = -1;
  for (int pass = 0; pass < k; ++pass) {
    float mine = -INFINITY;
    int my_index = NOTHING;
    FOR_GROUP(j, blocks * k) {
      const float score = block_best[lists + j];
      const int i = block_index[lists + j];
      if (ranks_before(last, last_index, score, i) && ranks_before(score, i, mine, my_index)) {
        mine = score;
        my_index = i;
      }
    }
    top[me] = mine;
    top_index[me] = my_index;
    for (int half_size = GROUP / 2; half_size > 0; half_size /= 2) {
      barrier(CLK_LOCAL_MEM_FENCE);
      if (me < half_size && ranks_before(top[me + half_size], top_index[me + half_size], top[me],
                                         top_index[me])) {
        top[me] = top[me + half_size];
        top_index[me] = top_index[me + half_size];
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    last = top[0];
    last_index = top_index[0];
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me == 0) {
      best[result + pass] = last;
      index[at_index + pass] = last_index == NOTHING ? -1 : last_index;
    }
  }
#endif
}

// allowed[b, word]: the items of 0 ..< n that columns first ..< w of rows[b, w] do not name.
ELEMENTS exclude_items(OUT(uint, allowed), IN(int, rows), int b, int w, int first, int n, int words) {
  AT(allowed), AT(rows);
  FOR_ELEMENTS(i, b * words) {
    const int word = i % words;
    const int left = n - word * 32;
    uint flags = left >= 32 ? ~0u : (1u << left) - 1u;
    const size_t from = (size_t)(i / words) * w;
    for (int c = first; c < w; ++c) {
      const int item = rows[from + c];
      if (item >= 0 && item / 32 == word) flags &= ~(1u << (item % 32));
    }
    allowed[i] = flags;
  }
}

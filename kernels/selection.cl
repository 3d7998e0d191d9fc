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

#ifdef CPU_FORM
#define MOST_BLOCKS 512
#else
#define MOST_BLOCKS 2048
// The best of the lists that are the item's own, me, me + GROUP, ..., each from its head on.
void find_head(
    __local float *own, __local int *own_index, __local int *own_list, const __local int *head,
    const __global int *index, const __global float *best, int blocks, int k) {
  const int me = (int)get_local_id(0);
  float top = -INFINITY;
  int top_index = NOTHING, list = 0;
  FOR_GROUP(q, blocks) {
    const size_t at = (size_t)q * k + min(head[q], k - 1);
    if (head[q] < k && ranks_before(best[at], index[at], top, top_index)) {
      top = best[at];
      top_index = index[at];
      list = q;
    }
  }
  own[me] = top;
  own_index[me] = top_index;
  own_list[me] = list;
}
#endif
// The first k columns of index[b, width], and best[b, k], from the sorted lists of `blocks` blocks, at
// most MOST_BLOCKS: highest first, of equals the lower index; -1 and -infinity where there are fewer
// than k. A work-group a row.
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
  // An item is asked for the best of its own lists; who has the best of all gives it and steps on.
  __local float own[GROUP];
  __local int own_index[GROUP], own_list[GROUP], winner[GROUP], head[MOST_BLOCKS];
  const int me = (int)get_local_id(0);
  const __global int *list_index = block_index + lists;
  const __global float *list_best = block_best + lists;
  FOR_GROUP(q, blocks) head[q] = 0;
  find_head(own, own_index, own_list, head, list_index, list_best, blocks, k);
  for (int pass = 0; pass < k; ++pass) {
    barrier(CLK_LOCAL_MEM_FENCE);
    winner[me] = me;
    for (int half_size = GROUP / 2; half_size > 0; half_size /= 2) {
      barrier(CLK_LOCAL_MEM_FENCE);
      if (me < half_size) {
        const int mine = winner[me], other = winner[me + half_size];
        if (ranks_before(own[other], own_index[other], own[mine], own_index[mine]))
          winner[me] = other;
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (winner[0] == me) {
      best[result + pass] = own[me];
      index[at_index + pass] = own_index[me] == NOTHING ? -1 : own_index[me];
      ++head[own_list[me]];
      find_head(own, own_index, own_list, head, list_index, list_best, blocks, k);
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

// target[places[i]] = words[i], i < c; what is none of its `size` places is passed over. Places are
// distinct.
ELEMENTS replace_words(OUT(uint, target), IN(int, places), IN(uint, words), int c, int size) {
  AT(target), AT(places), AT(words);
  FOR_ELEMENTS(i, c) {
    if (IS_ROW(places[i], size)) target[places[i]] = words[i];
  }
}

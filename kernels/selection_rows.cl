// The k best columns of each row of scores[b, n], which may be perturbed by Gumbel noise of the words
// row * n + column of a draw, in one launch where a row is one block; else blocks of `share` columns
// leave their lists for merge_best. One block: to index[b, width]; more: to index[b, blocks, k].

#define AT_LIST(row) \
  (blocks == 1 ? (size_t)(row) * width : ((size_t)(row) * blocks + block) * k)

#ifdef CPU_FORM
typedef int16 draws;
#define convert_draws convert_float16
#else
typedef int draws;
#define convert_draws convert_float
#endif

// -log(-log u), u = (draw + 1/2) * 2^-24. Where u is not exact it is 1 - t of an exact t, whose
// rounding is put back by its first-order effect.
vec gumbel(draws draw) {
  const vec t = (convert_draws(min(draw, 0xffffff - draw)) + 0.5f) * 0x1p-24f;
  const vec u = select(t, 1.0f - t, draw >= 1 << 23);
  const vec lost = select((vec)(0.0f), (1.0f - u) - t, draw >= 1 << 23);
  return -log(-(log(u) + lost));
}

#ifdef CPU_FORM
// Whether noise may lift one of 64 scores above `last`: -log u >= 1 - u, and log2 of a float is at
// least its bits as a number, less the bias.
bool may_pass(const __global float *scores, const int16 *draw, float last) {
  int16 passes = 0;
#pragma unroll
  for (int q = 0; q < 4; ++q) {
    const float16 rest = convert_float16(as_int16(convert_float16(0xffffff - draw[q])));
    const float16 most = (151.0f * 0.693147181f + 1e-4f) - 8.26295829e-8f * rest;
    passes |= vload16(q, scores) + most > last;
  }
  return any(passes);
}

// to[i] = scores[i], and noise where there is any, for i < count <= SOME, whose first is word `word`.
#define SOME 1024
void perturb_some(
    const __global float *scores, ulong word, int count, int noisy, uint2 key, uint2 counter,
    float *to) {
  if (!noisy) {
    for (int i = 0; i < count; ++i) to[i] = scores[i];
    return;
  }
  const int head = (int)(word & 3);
  for (int i = -head; i < count; i += 64) {
    int16 draw[4];
    float noise[64];
    draw_words(key, counter, (uint)((word + i) / 4), draw);
#pragma unroll
    for (int q = 0; q < 4; ++q) vstore16(gumbel(draw[q]), q, noise);
    if (i >= 0 && i + 64 <= count) {
      for (int l = 0; l < 64; ++l) to[i + l] = scores[i + l] + noise[l];
    } else {
      for (int l = max(0, -i); l < min(64, count - i); ++l) to[i + l] = scores[i + l] + noise[l];
    }
  }
}

// An item does `share` columns of `rows` rows.
GROUPED top_rows(
    OUT(int, index), OUT(float, best), IN(float, scores), int b, int n, int k, int width, int share,
    int blocks, int rows, int noisy, uint2 key, uint2 counter) {
  AT(index), AT(best), AT(scores);
  const int block = (int)get_group_id(0) % blocks, row0 = (int)get_group_id(0) / blocks * rows;
  const int first = block * share, end = min(n, first + share), last_row = min(b, row0 + rows);
  float some[SOME];
  const int at_once = n <= SOME ? SOME / max(n, 1) : 1;
  for (int row = row0; row < last_row; ++row) {
    __global int *list = index + AT_LIST(row);
    __global float *top = best + ((size_t)row * blocks + block) * k;
    clear_list(list, top, 0, k);
    const ulong word = (ulong)row * n;
    const int batch = (row - row0) % at_once;
    if (n <= SOME && batch == 0)
      perturb_some(
          scores + word, word, min(at_once, last_row - row) * n, noisy, key, counter, some);
    // Of long rows the steps begin at blocks of Philox.
    for (int j = first, count; j < end; j += count) {
      count = n <= SOME ? n : min(64 - (int)((word + j) & 3), end - j);
      const float *value = some + batch * n;
      if (n > SOME) {
        value = some;
        if (count == 64 && list[k - 1] != NOTHING) {
          if (noisy) {
            int16 draw[4];
            draw_words(key, counter, (uint)((word + j) / 4), draw);
            if (!may_pass(scores + word + j, draw, top[k - 1])) continue;
          } else {
            int16 passes = 0;
#pragma unroll
            for (int q = 0; q < 4; ++q) passes |= vload16(q, scores + word + j) > top[k - 1];
            if (!any(passes)) continue;
          }
        }
        perturb_some(scores + word + j, word + j, count, noisy, key, counter, some);
      }
      float last = top[k - 1];
      for (int l = 0; l < count; ++l)
        if (value[l] > last) {
          insert(list, top, 0, k, value[l], j + l);
          last = top[k - 1];
        }
    }
    if (blocks == 1) finish_list(list, 0, k);
  }
}
#else
// A work-group sorts a block of at most SOME columns; behind the row's end there may be blocks of none.
#define SOME 1024
GROUPED top_rows(
    OUT(int, index), OUT(float, best), IN(float, scores), int b, int n, int k, int width, int share,
    int blocks, int rows, int noisy, uint2 key, uint2 counter) {
  AT(index), AT(best), AT(scores);
  __local float score[SOME];
  __local int place[SOME];
  const int me = (int)get_local_id(0);
  const int block = (int)get_group_id(0) % blocks, row = (int)get_group_id(0) / blocks;
  const int first = block * share, count = min(n - first, share);
  int size = 2;
  while (size < count) size *= 2;
  for (int j = me; j < size; j += GROUP) {
    score[j] = -INFINITY;
    place[j] = NOTHING;
    if (j >= count) continue;
    const ulong word = (ulong)row * n + first + j;
    float value = ranked(scores[word]);
    if (noisy) {
      const uint4 block_of = philox(key, counter, (uint)(word / 4));
      const int lane = (int)(word % 4);
      const uint drawn = lane == 0 ? block_of.x
          : lane == 1 ? block_of.y : lane == 2 ? block_of.z : block_of.w;
      value += gumbel((int)(drawn >> 8));
    }
    score[j] = value;
    place[j] = j;
  }
  // Batcher 1968, bitonic: runs of 2, 4, ... sorted one up, one down.
  for (int run = 2; run <= size; run *= 2)
    for (int gap = run / 2; gap > 0; gap /= 2) {
      barrier(CLK_LOCAL_MEM_FENCE);
      for (int t = me; t < size / 2; t += GROUP) {
        const int low = 2 * t - (t & (gap - 1)), high = low + gap;
        const float a = score[low], c = score[high];
        const int i = place[low], j = place[high];
        if (ranks_before(c, j, a, i) == ((low & run) == 0)) {
          score[low] = c, score[high] = a;
          place[low] = j, place[high] = i;
        }
      }
    }
  barrier(CLK_LOCAL_MEM_FENCE);
  const size_t list = AT_LIST(row), top = ((size_t)row * blocks + block) * k;
  FOR_GROUP(j, k) {
    const bool is_there = j < count && score[j] > -INFINITY;
    index[list + j] = is_there ? first + place[j] : blocks == 1 ? -1 : NOTHING;
    best[top + j] = is_there ? score[j] : -INFINITY;
  }
}
#endif

// Rows of a table by number. A number outside 0 ..< rows is no row.

// y[b, e] = table[index[b]], whatever the elements mean, `absent` where there is no such row.
ELEMENTS gather_rows(
    OUT(uint, y), IN(uint, table), IN(int, index), int b, int e, int rows, uint absent) {
  AT(y), AT(table), AT(index);
  const int row = ROW_OF(e);
  if (row >= b) return;
  const int from = index[row];
  const bool is_there = from >= 0 && from < rows;
  FOR_ROW_ELEMENTS(c, e)
    y[(size_t)row * e + c] = is_there ? table[(size_t)from * e + c] : absent;
}

// table[index[i, c]] += scales[i, c - first] * x[i] for i and then c in order, c in first ..< w;
// absent scales are 1. A work-group owns the rows whose number is its own modulo `buckets` (a power
// of two), so no two meet in one element.
#ifdef CPU_FORM
GROUPED scatter_add_rows(
    OUT(float, table), IN(float, x), IN(float, scales), IN(int, index), int b, int w, int first,
    int e, int rows, int buckets) {
  AT(table), AT(x), AT(scales), AT(index);
  const int bucket = (int)get_group_id(0), n = w - first;
  for (int i = 0; i < b; ++i) {
    const __global float *from = x + (size_t)i * e;
    for (int c = 0; c < n; ++c) {
      const int to = index[(size_t)i * w + first + c];
      if (to < 0 || to >= rows || (to & (buckets - 1)) != bucket) continue;
      const float scale = PRESENT(scales) ? scales[(size_t)i * n + c] : 1.0f;
      __global float *sum = table + (size_t)to * e;
      for (int d = 0; d < e; d += VEC) {
        const int width = min(VEC, e - d);
        store_vec(load_vec(sum + d, width) + scale * load_vec(from + d, width), sum + d, width);
      }
    }
  }
}
#else
// The group reads SHARE entries of the list an item and keeps those of its own rows, in their order;
// then each item adds up the columns that are its own, AHEAD entries at a time.
#define SHARE 8
#define AHEAD 8
// Items whose counts one item adds up.
#define RUN 16
GROUPED scatter_add_rows(
    OUT(float, table), IN(float, x), IN(float, scales), IN(int, index), int b, int w, int first,
    int e, int rows, int buckets) {
  AT(table), AT(x), AT(scales), AT(index);
  __local int target[GROUP * SHARE], source[GROUP * SHARE], kept[GROUP], run[GROUP / RUN];
  __local float scale[GROUP * SHARE];
  const int me = (int)get_local_id(0), bucket = (int)get_group_id(0), n = w - first;
  for (int start = 0; start < b * n; start += GROUP * SHARE) {
    int found[SHARE], own = 0;
#pragma unroll
    for (int s = 0; s < SHARE; ++s) {
      const int t = start + me * SHARE + s;
      found[s] = t < b * n ? index[t + (size_t)(t / n + 1) * first] : -1;
    }
#pragma unroll
    for (int s = 0; s < SHARE; ++s) {
      if (!IS_ROW(found[s], rows) || (found[s] & (buckets - 1)) != bucket) found[s] = -1;
      own += found[s] >= 0;
    }
    kept[me] = own;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me < GROUP / RUN) {
      int sum = 0;
#pragma unroll
      for (int l = 0; l < RUN; ++l) sum += kept[me * RUN + l];
      run[me] = sum;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    int at = 0, count = 0;
#pragma unroll
    for (int l = 0; l < GROUP / RUN; ++l) {
      at += l < me / RUN ? run[l] : 0;
      count += run[l];
    }
#pragma unroll
    for (int l = 0; l < RUN; ++l) at += l < me % RUN ? kept[me / RUN * RUN + l] : 0;
#pragma unroll
    for (int s = 0; s < SHARE; ++s) {
      const int t = start + me * SHARE + s;
      if (found[s] < 0) continue;
      target[at] = found[s];
      source[at] = t / n;
      scale[at] = PRESENT(scales) ? scales[t] : 1.0f;
      ++at;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int d = me; d < e; d += GROUP)
      for (int k = 0; k < count; k += AHEAD) {
        int row[AHEAD];
        float sum[AHEAD], term[AHEAD];
#pragma unroll
        for (int l = 0; l < AHEAD; ++l) {
          row[l] = -1, sum[l] = term[l] = 0.0f;
          if (k + l >= count) continue;
          row[l] = target[k + l];
          sum[l] = table[(size_t)row[l] * e + d];
          term[l] = scale[k + l] * x[(size_t)source[k + l] * e + d];
        }
#pragma unroll
        for (int l = 0; l < AHEAD; ++l) {
          if (row[l] < 0) continue;
          sum[l] += term[l];
          table[(size_t)row[l] * e + d] = sum[l];
          // A row that comes again goes on from here.
#pragma unroll
          for (int later = l + 1; later < AHEAD; ++later)
            if (row[later] == row[l]) sum[later] = sum[l];
        }
      }
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
  }
}
#endif

// y[b] = <q_b, sums> * scale, which is 1 over the rows of a table. A work-group a row.
GROUPED mean_scores(OUT(float, y), IN(float, q), IN(float, sums), int b, int e, float scale) {
  AT(y), AT(q), AT(sums);
  TREE;
  const int row = (int)get_group_id(0);
  if (row >= b) return;
  const __global float *from = q + (size_t)row * e;
  float total;
  SUM(total, j, e, from[j] * sums[j]);
  if (get_local_id(0) == 0) y[row] = total * scale;
}

// dq_b = dy_b * scale * sums and each row of dTable[n, e] += sum over b of dy_b * scale * q_b in the
// order of b, those that are there. A row of work-groups is a block: every `blocks`-th
// row of either.
ELEMENTS mean_scores_backward(
    OUT(float, dq), OUT(float, d_table), IN(float, dy), IN(float, q), IN(float, sums), int b, int n,
    int e, float scale, int blocks) {
  AT(dq), AT(d_table), AT(dy), AT(q), AT(sums);
  const int block = ROW_OF(e);
  if (block >= blocks) return;
  FOR_ROW_VECTORS(j, width, e) {
    if (PRESENT(dq)) {
      const vec sum = load_vec(sums + j, width);
      for (int i = block; i < b; i += blocks)
        store_vec(dy[i] * scale * sum, dq + (size_t)i * e + j, width);
    }
    if (PRESENT(d_table)) {
      vec share = (vec)(0.0f);
      for (int i = 0; i < b; ++i)
        share += dy[i] * scale * load_vec(q + (size_t)i * e + j, width);
      for (int row = block; row < n; row += blocks) {
        __global float *to = d_table + (size_t)row * e + j;
        store_vec(load_vec(to, width) + share, to, width);
      }
    }
  }
}

// Sums and maxima by the fixed trees of common.cl.

// y[m] = sum of the n columns of x[m, n], over `divisor`. A work-group a row.
GROUPED sum_rows(OUT(float, y), IN(float, x), int m, int n, float divisor) {
  AT(y), AT(x);
  TREE;
  const int row = (int)get_group_id(0);
  if (row >= m) return;
  const __global float *from = x + (size_t)row * n;
  float total;
  SUM(total, j, n, from[j]);
  if (get_local_id(0) == 0) y[row] = total / divisor;
}

// y[m] = largest of the n columns of x[m, n], NaN where there is one. A work-group a row.
GROUPED maximum_rows(OUT(float, y), IN(float, x), int m, int n) {
  AT(y), AT(x);
  TREE;
  const int row = (int)get_group_id(0);
  if (row >= m) return;
  const __global float *from = x + (size_t)row * n;
  float largest;
  MAXIMUM(largest, j, n, from[j]);
  if (get_local_id(0) == 0) y[row] = largest;
}

// y[n] = sum of the m rows of x[m, n], in their order. An item its columns.
ELEMENTS sum_columns(OUT(float, y), IN(float, x), int m, int n) {
  AT(y), AT(x);
  FOR_VECTORS(j, width, n) {
    vec total = (vec)(0.0f);
    for (int row = 0; row < m; ++row) total += load_vec(x + (size_t)row * n + j, width);
    store_vec(total, y + j, width);
  }
}

// y[m] = sum over n of a[m, n] * b[m, n]. A work-group a row.
GROUPED row_dot(OUT(float, y), IN(float, a), IN(float, b), int m, int n) {
  AT(y), AT(a), AT(b);
  TREE;
  const int row = (int)get_group_id(0);
  if (row >= m) return;
  const size_t from = (size_t)row * n;
  float total;
  SUM(total, j, n, a[from + j] * b[from + j]);
  if (get_local_id(0) == 0) y[row] = total;
}

// y[group] = scale * sum of the group's `share` of x, or of its squares.
GROUPED sum_all(OUT(float, y), IN(float, x), int count, int share, float scale, int squared) {
  AT(y), AT(x);
  TREE;
  const int group = (int)get_group_id(0), rest = min(share, count - group * share);
  const __global float *from = x + (size_t)group * share;
  float total;
  SUM(total, i, rest, squared ? from[i] * from[i] : from[i]);
  if (get_local_id(0) == 0) y[group] = scale * total;
}

// y[b, h] = mean of the first lengths[b] of the t rows of x[b], in their order; zeros of none, all
// where there are no lengths.
#define LENGTH(i) (PRESENT(lengths) ? clamp(lengths[i], 0, t) : t)
ELEMENTS step_mean(OUT(float, y), IN(float, x), IN(int, lengths), int b, int t, int h) {
  AT(y), AT(x), AT(lengths);
  const int i = ROW_OF(h);
  if (i >= b) return;
  const int length = LENGTH(i);
  FOR_ROW_VECTORS(j, width, h) {
    vec total = (vec)(0.0f);
    for (int step = 0; step < length; ++step)
      total += load_vec(x + ((size_t)i * t + step) * h + j, width);
    store_vec(total / (float)max(length, 1), y + (size_t)i * h + j, width);
  }
}

// dx[b, t, h] = dy[b, h] / lengths[b] in the first lengths[b] steps, 0 in the others.
ELEMENTS step_mean_backward(OUT(float, dx), IN(float, dy), IN(int, lengths), int b, int t, int h) {
  AT(dx), AT(dy), AT(lengths);
  const int row = ROW_OF(h), i = row / t;
  if (i >= b) return;
  const int length = LENGTH(i);
  FOR_ROW_VECTORS(j, width, h) {
    const vec slope = load_vec(dy + (size_t)i * h + j, width) / (float)max(length, 1);
    store_vec(row - i * t < length ? slope : (vec)(0.0f), dx + (size_t)row * h + j, width);
  }
}

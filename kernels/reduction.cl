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

// y[1] = scale * sum of x, or of its squares. One work-group.
GROUPED sum_all(OUT(float, y), IN(float, x), int count, float scale, int squared) {
  AT(y), AT(x);
  TREE;
  float total;
  SUM(total, i, count, squared ? x[i] * x[i] : x[i]);
  if (get_local_id(0) == 0) y[0] = scale * total;
}

// Rows of a table by number. Dimension 0 walks the e columns. A number outside
// 0 ..< rows is no row.

// y[b, e] = table[index[b]], zeros where there is no such row. Dimension 1 is the row of y.
ELEMENTS gather_rows(OUT(float, y), IN(float, table), IN(int, index), int b, int e, int rows) {
  AT(y), AT(table), AT(index);
  const int row = (int)get_global_id(1);
  if (row >= b) return;
  const int from = index[row];
  FOR_VECTORS(c, width, e) {
    const vec value =
        from < 0 || from >= rows ? (vec)(0.0f) : load_vec(table + (size_t)from * e + c, width);
    store_vec(value, y + (size_t)row * e + c, width);
  }
}

// y[b, w] = rows[index[b]], -1 where there is no such row of `count`. Dimension 1 is the row of y.
ELEMENTS gather_index_rows(OUT(int, y), IN(int, rows), IN(int, index), int b, int w, int count) {
  AT(y), AT(rows), AT(index);
  const int row = (int)get_global_id(1);
  if (row >= b) return;
  const int from = index[row];
  FOR_ELEMENTS(c, w)
    y[(size_t)row * w + c] = from < 0 || from >= count ? -1 : rows[(size_t)from * w + c];
}

// table[index[i]] += dy[i] for i in order. Dimension 1 is a bucket: its items own the rows whose
// number is `bucket` modulo `buckets` (a power of two), so no two items meet in one element.
ELEMENTS scatter_add_rows(
    OUT(float, table), IN(float, dy), IN(int, index), int b, int e, int rows,
    int buckets) {
  AT(table), AT(dy), AT(index);
  const int bucket = (int)get_global_id(1);
  if (bucket >= buckets || (int)get_global_id(0) * BLOCK >= e) return;
  for (int i = 0; i < b; ++i) {
    const int to = index[i];
    if (to < 0 || to >= rows || (to & (buckets - 1)) != bucket) continue;
    FOR_VECTORS(c, width, e) {
      __global float *sum = table + (size_t)to * e + c;
      store_vec(load_vec(sum, width) + load_vec(dy + (size_t)i * e + c, width), sum, width);
    }
  }
}

// The state of DRR-ave (Liu et al. 2018, section 3.3). index[b, 1 + n] is a user row, then items.

vec row_or_zero(const __global float *table, int row, int e, int c, int width) {
  return row < 0 ? (vec)(0.0f) : load_vec(table + (size_t)row * e + c, width);
}

// state[b, 3e] = [u ; u * mean ; mean], mean = sum_j weights[j] * h_j. Dimension 0 walks the e
// columns, dimension 1 is the row of the batch.
ELEMENTS average_pooling(
    OUT(float, state), IN(int, index), IN(float, users), IN(float, items), IN(float, weights),
    int b, int n, int e) {
  AT(state), AT(index), AT(users), AT(items), AT(weights);
  const int row = (int)get_global_id(1);
  if (row >= b) return;
  const __global int *rows = index + (size_t)row * (1 + n);
  __global float *to = state + (size_t)row * 3 * e;
  FOR_VECTORS(c, width, e) {
    const vec user = row_or_zero(users, rows[0], e, c, width);
    vec mean = (vec)(0.0f);
    for (int j = 0; j < n; ++j)
      mean += weights[j] * row_or_zero(items, rows[1 + j], e, c, width);
    store_vec(user, to + c, width);
    store_vec(user * mean, to + e + c, width);
    store_vec(mean, to + 2 * e + c, width);
  }
}

// dWeights[j] += sum over b and e of (dState_1 * u + dState_2) * h_j. A work-group an item j.
GROUPED average_pooling_backward(
    OUT(float, d_weights), IN(float, d_state), IN(int, index), IN(float, users), IN(float, items),
    int b, int n, int e) {
  AT(d_weights), AT(d_state), AT(index), AT(users), AT(items);
  TREE;
  const int j = (int)get_group_id(0);
  if (j >= n) return;
  float total;
#ifdef CPU_FORM
  vec sum = (vec)(0.0f);
  for (int row = 0; row < b; ++row) {
    const __global int *rows = index + (size_t)row * (1 + n);
    const __global float *from = d_state + (size_t)row * 3 * e;
    if (rows[1 + j] < 0) continue;
    for (int c = 0; c < e; c += VEC) {
      const int width = min(VEC, e - c);
      const vec user = row_or_zero(users, rows[0], e, c, width);
      const vec d_mean = load_vec(from + e + c, width) * user + load_vec(from + 2 * e + c, width);
      sum += d_mean * row_or_zero(items, rows[1 + j], e, c, width);
    }
  }
  total = sum_lanes(sum);
#else
  float sum = 0.0f;
  FOR_GROUP(t, b * e) {
    const int row = t / e, c = t - row * e;
    const __global int *rows = index + (size_t)row * (1 + n);
    const __global float *from = d_state + (size_t)row * 3 * e;
    const float d_mean = from[e + c] * row_or_zero(users, rows[0], e, c, 1) + from[2 * e + c];
    sum += d_mean * row_or_zero(items, rows[1 + j], e, c, 1);
  }
  SUM(total, i, GROUP, sum);
#endif
  if (get_local_id(0) == 0) d_weights[j] += total;
}

// The states of DRR (Liu et al. 2018, section 3.3). index[b, 1 + n] is a row of `user_rows`, then
// rows of `item_rows`.

vec row_or_zero(const __global float *table, int rows, int row, int e, int c, int width) {
  return IS_ROW(row, rows) ? load_vec(table + (size_t)row * e + c, width) : (vec)(0.0f);
}

float at_or_zero(const __global float *table, int rows, int row, int e, int c) {
  return IS_ROW(row, rows) ? table[(size_t)row * e + c] : 0.0f;
}

// state[b, 3e] = [u ; u * mean ; mean], mean = sum_j weights[j] * h_j.
ELEMENTS average_pooling(
    OUT(float, state), IN(int, index), IN(float, users), IN(float, items), IN(float, weights),
    int b, int n, int e, int user_rows, int item_rows) {
  AT(state), AT(index), AT(users), AT(items), AT(weights);
  const int row = ROW_OF(e);
  if (row >= b) return;
  const __global int *rows = index + (size_t)row * (1 + n);
  __global float *to = state + (size_t)row * 3 * e;
  FOR_ROW_VECTORS(c, width, e) {
    const vec user = row_or_zero(users, user_rows, rows[0], e, c, width);
    vec mean = (vec)(0.0f);
    for (int j = 0; j < n; ++j)
      mean += weights[j] * row_or_zero(items, item_rows, rows[1 + j], e, c, width);
    store_vec(user, to + c, width);
    store_vec(user * mean, to + e + c, width);
    store_vec(mean, to + 2 * e + c, width);
  }
}

// dWeights[j] += sum over b and e of (dState_1 * u + dState_2) * h_j. A work-group an item j.
GROUPED average_pooling_backward(
    OUT(float, d_weights), IN(float, d_state), IN(int, index), IN(float, users), IN(float, items),
    int b, int n, int e, int user_rows, int item_rows) {
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
    if (!IS_ROW(rows[1 + j], item_rows)) continue;
    for (int c = 0; c < e; c += VEC) {
      const int width = min(VEC, e - c);
      const vec user = row_or_zero(users, user_rows, rows[0], e, c, width);
      const vec d_mean = load_vec(from + e + c, width) * user + load_vec(from + 2 * e + c, width);
      sum += d_mean * row_or_zero(items, item_rows, rows[1 + j], e, c, width);
    }
  }
  total = sum_lanes(sum);
#else
  float sum = 0.0f;
  FOR_GROUP(t, b * e) {
    const int row = t / e, c = t - row * e;
    const __global int *rows = index + (size_t)row * (1 + n);
    const __global float *from = d_state + (size_t)row * 3 * e;
    const float user = row_or_zero(users, user_rows, rows[0], e, c, 1);
    const float d_mean = from[e + c] * user + from[2 * e + c];
    sum += d_mean * row_or_zero(items, item_rows, rows[1 + j], e, c, 1);
  }
  SUM(total, i, GROUP, sum);
#endif
  if (get_local_id(0) == 0) d_weights[j] += total;
}

// Where the product of items a and c, a < c, stands among the pairs.
int pair_of(int a, int c, int n) { return a * n - a * (a + 1) / 2 + c - a - 1; }

// state[b, (n + n(n-1)/2) e] = [h_1 .. h_n ; w_a h_a * w_c h_c, a < c], with users another n e:
// u * w_j h_j.
ELEMENTS pairwise_products(
    OUT(float, state), IN(int, index), IN(float, users), IN(float, items), IN(float, weights),
    int b, int n, int e, int user_rows, int item_rows) {
  AT(state), AT(index), AT(users), AT(items), AT(weights);
  const int row = ROW_OF(e);
  if (row >= b) return;
  const int pairs = n * (n - 1) / 2;
  const int blocks = PRESENT(users) ? 2 * n + pairs : n + pairs;
  const __global int *rows = index + (size_t)row * (1 + n);
  __global float *to = state + (size_t)row * blocks * e;
  FOR_ROW_VECTORS(c, width, e) {
    __global float *pair = to + (size_t)n * e + c;
    for (int i = 0; i < n; ++i) {
      const vec item = row_or_zero(items, item_rows, rows[1 + i], e, c, width);
      const vec weighted = weights[i] * item;
      store_vec(item, to + (size_t)i * e + c, width);
      for (int j = i + 1; j < n; ++j, pair += e)
        store_vec(
            weighted * (weights[j] * row_or_zero(items, item_rows, rows[1 + j], e, c, width)),
            pair, width);
      if (PRESENT(users))
        store_vec(
            row_or_zero(users, user_rows, rows[0], e, c, width) * weighted,
            to + (size_t)(n + pairs + i) * e + c, width);
    }
  }
}

// dWeights[i] += sum over b and e of h_i * (sum over j of w_j h_j * dPair_ij + u * dProduct_i).
// A work-group an item i.
GROUPED pairwise_products_backward(
    OUT(float, d_weights), IN(float, d_state), IN(int, index), IN(float, users), IN(float, items),
    IN(float, weights), int b, int n, int e, int user_rows, int item_rows) {
  AT(d_weights), AT(d_state), AT(index), AT(users), AT(items), AT(weights);
  TREE;
  const int i = (int)get_group_id(0);
  if (i >= n) return;
  const int pairs = n * (n - 1) / 2;
  const int blocks = PRESENT(users) ? 2 * n + pairs : n + pairs;
  float total;
#ifdef CPU_FORM
  vec sum = (vec)(0.0f);
  for (int row = 0; row < b; ++row)
    for (int c = 0; c < e; c += VEC) {
      const int width = min(VEC, e - c);
#else
  float sum = 0.0f;
  FOR_GROUP(t, b * e) {
    const int row = t / e, c = t - row * e, width = 1;
    {
#endif
      const __global int *rows = index + (size_t)row * (1 + n);
      const __global float *from = d_state + (size_t)row * blocks * e + c;
      vec slope = (vec)(0.0f);
      for (int j = 0; j < n; ++j) {
        if (j == i) continue;
        const int pair = n + pair_of(min(i, j), max(i, j), n);
        slope += weights[j] * row_or_zero(items, item_rows, rows[1 + j], e, c, width) *
                 load_vec(from + (size_t)pair * e, width);
      }
      if (PRESENT(users))
        slope += row_or_zero(users, user_rows, rows[0], e, c, width) *
                 load_vec(from + (size_t)(n + pairs + i) * e, width);
      sum += slope * row_or_zero(items, item_rows, rows[1 + i], e, c, width);
    }
#ifdef CPU_FORM
  total = sum_lanes(sum);
#else
  }
  SUM(total, t, GROUP, sum);
#endif
  if (get_local_id(0) == 0) d_weights[i] += total;
}

// y[b n, 2e], row i n + j is [u ; h_j].
ELEMENTS history_rows(
    OUT(float, y), IN(int, index), IN(float, users), IN(float, items), int b, int n, int e,
    int user_rows, int item_rows) {
  AT(y), AT(index), AT(users), AT(items);
  const int row = ROW_OF(e);
  if (row >= b * n) return;
  const __global int *rows = index + (size_t)(row / n) * (1 + n);
  __global float *to = y + (size_t)row * 2 * e;
  FOR_ROW_VECTORS(c, width, e) {
    store_vec(row_or_zero(users, user_rows, rows[0], e, c, width), to + c, width);
    store_vec(row_or_zero(items, item_rows, rows[1 + row % n], e, c, width), to + e + c, width);
  }
}

// attention[b, n] = softmax of the logits of the items that there are, state[b, 3e] =
// [u ; u * mean ; mean], mean = sum_j attention_j * h_j.
ELEMENTS attention_pooling(
    OUT(float, state), OUT(float, attention), IN(float, logits), IN(int, index), IN(float, users),
    IN(float, items), int b, int n, int e, int user_rows, int item_rows) {
  AT(state), AT(attention), AT(logits), AT(index), AT(users), AT(items);
  const int row = ROW_OF(e);
  if (row >= b) return;
  const __global int *rows = index + (size_t)row * (1 + n);
  const __global float *from = logits + (size_t)row * n;
  __global float *to = state + (size_t)row * 3 * e;
  float top = -INFINITY, total = 0.0f;
  for (int j = 0; j < n; ++j)
    if (IS_ROW(rows[1 + j], item_rows)) top = larger(top, from[j]);
  for (int j = 0; j < n; ++j)
    if (IS_ROW(rows[1 + j], item_rows)) total += exp(from[j] - top);
  FOR_ROW_VECTORS(c, width, e) {
    const vec user = row_or_zero(users, user_rows, rows[0], e, c, width);
    vec mean = (vec)(0.0f);
    for (int j = 0; j < n; ++j) {
      const float alpha = IS_ROW(rows[1 + j], item_rows) ? exp(from[j] - top) / total : 0.0f;
      if (c == 0) attention[(size_t)row * n + j] = alpha;
      mean += alpha * row_or_zero(items, item_rows, rows[1 + j], e, c, width);
    }
    store_vec(user, to + c, width);
    store_vec(user * mean, to + e + c, width);
    store_vec(mean, to + 2 * e + c, width);
  }
}

// dLogits[b, n] = attention_j * sum over e of (dState_1 * u + dState_2) * (h_j - mean), u and mean
// of the state. A work-group an element.
GROUPED attention_pooling_backward(
    OUT(float, d_logits), IN(float, d_state), IN(float, state), IN(int, index), IN(float, items),
    IN(float, attention), int b, int n, int e, int item_rows) {
  AT(d_logits), AT(d_state), AT(state), AT(index), AT(items), AT(attention);
  TREE;
  const int element = (int)get_group_id(0), row = element / n;
  if (row >= b) return;
  const int item = index[(size_t)row * (1 + n) + 1 + element % n];
  const __global float *from = d_state + (size_t)row * 3 * e;
  const __global float *user = state + (size_t)row * 3 * e, *mean = user + 2 * e;
  float total;
  SUM(total, c, e, (from[e + c] * user[c] + from[2 * e + c]) *
                       (at_or_zero(items, item_rows, item, e, c) - mean[c]));
  if (get_local_id(0) == 0) d_logits[element] = attention[element] * total;
}

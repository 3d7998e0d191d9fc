// Each row of a batch with candidates of its own: the rows of a table that columns first ..< w of
// rows[b, w] name. A number outside 0 ..< count is no row.

// scores[b, w - first] = <action_b, items[rows[b, first + c]]>, `absent` where there is no such row.
// A row of work-groups is one of the batch.
ELEMENTS candidate_scores(
    OUT(float, scores), IN(float, action), IN(int, rows), IN(float, items), int b, int w, int first,
    int e, int count, float absent) {
  AT(scores), AT(action), AT(rows), AT(items);
  const int row = ROW_OF(w - first);
  if (row >= b) return;
  const __global float *query = action + (size_t)row * e;
  FOR_ROW_ELEMENTS(c, w - first) {
    const int from = rows[(size_t)row * w + first + c];
    vec total = (vec)(0.0f);
    const bool is_there = from >= 0 && from < count;
    if (is_there) {
      const __global float *item = items + (size_t)from * e;
      for (int d = 0; d < e; d += VEC) {
        const int width = min(VEC, e - d);
        total += load_vec(query + d, width) * load_vec(item + d, width);
      }
    }
    scores[(size_t)row * (w - first) + c] = is_there ? sum_lanes(total) : absent;
  }
}

// dAction[b, e] = sum over c of dScores[b, c] * items[rows[b, first + c]], in the order of c.
// A row of work-groups is one of the batch.
ELEMENTS candidate_scores_backward(
    OUT(float, d_action), IN(float, d_scores), IN(int, rows), IN(float, items), int b, int w,
    int first, int e, int count) {
  AT(d_action), AT(d_scores), AT(rows), AT(items);
  const int row = ROW_OF(e);
  if (row >= b) return;
  const __global int *candidates = rows + (size_t)row * w + first;
  const __global float *slopes = d_scores + (size_t)row * (w - first);
  FOR_ROW_VECTORS(d, width, e) {
    vec total = (vec)(0.0f);
    for (int c = 0; c < w - first; ++c) {
      const int from = candidates[c];
      if (from >= 0 && from < count)
        total += slopes[c] * load_vec(items + (size_t)from * e + d, width);
    }
    store_vec(total, d_action + (size_t)row * e + d, width);
  }
}

// y[b] = sum over c of p_c * values[b, c], p = softmax(scores_b / temperature), the largest score
// taken out first. A work-group a row.
GROUPED softmax_expectation(
    OUT(float, y), IN(float, scores), IN(float, values), int b, int n, float temperature) {
  AT(y), AT(scores), AT(values);
  TREE;
  const int row = (int)get_group_id(0);
  if (row >= b) return;
  const __global float *score = scores + (size_t)row * n;
  const __global float *value = values + (size_t)row * n;
  float top, total, product;
  MAXIMUM(top, c, n, score[c]);
#ifdef CPU_FORM
  vec weights = (vec)(0.0f), products = (vec)(0.0f);
  int c = 0;
  for (; c + VEC <= n; c += VEC) {
    const vec weight = exp((vload16(0, score + c) - top) / temperature);
    weights += weight;
    products += weight * vload16(0, value + c);
  }
  total = sum_lanes(weights);
  product = sum_lanes(products);
  for (; c < n; ++c) {
    const float weight = exp((score[c] - top) / temperature);
    total += weight;
    product += weight * value[c];
  }
#else
  SUM(total, c, n, exp((score[c] - top) / temperature));
  SUM(product, c, n, exp((score[c] - top) / temperature) * value[c]);
#endif
  if (get_local_id(0) == 0) y[row] = product / total;
}

// dScores[b, c] = dy_b * p_c * (values[b, c] - y_b) / temperature and dValues[b, c] = dy_b * p_c,
// those that are there. A work-group a row.
GROUPED softmax_expectation_backward(
    OUT(float, d_scores), OUT(float, d_values), IN(float, dy), IN(float, scores), IN(float, values),
    IN(float, y), int b, int n, float temperature) {
  AT(d_scores), AT(d_values), AT(dy), AT(scores), AT(values), AT(y);
  TREE;
  const int row = (int)get_group_id(0);
  if (row >= b) return;
  const size_t from = (size_t)row * n;
  const __global float *score = scores + from;
  const float mean = y[row], slope = dy[row];
  float top, total;
  MAXIMUM(top, c, n, score[c]);
#ifdef CPU_FORM
  vec sum = (vec)(0.0f);
  int c = 0;
  for (; c + VEC <= n; c += VEC) sum += exp((vload16(0, score + c) - top) / temperature);
  if (c < n)
    sum += first_lanes(exp((load_vec(score + c, n - c) - top) / temperature), n - c);
  total = sum_lanes(sum);
  for (c = 0; c < n; c += VEC) {
    const int width = min(VEC, n - c);
    const vec share = slope * exp((load_vec(score + c, width) - top) / temperature) / total;
    const vec lead = (load_vec(values + from + c, width) - mean) / temperature;
    if (PRESENT(d_scores)) store_vec(share * lead, d_scores + from + c, width);
    if (PRESENT(d_values)) store_vec(share, d_values + from + c, width);
  }
#else
  SUM(total, c, n, exp((score[c] - top) / temperature));
  // Bounds that all items share: with FOR_GROUP, PoCL's vectorised loop writes past the row.
  for (int base = 0; base < n; base += GROUP) {
    const int c = base + (int)get_local_id(0);
    if (c >= n) continue;
    const float share = slope * exp((score[c] - top) / temperature) / total;
    if (PRESENT(d_scores)) d_scores[from + c] = share * (values[from + c] - mean) / temperature;
    if (PRESENT(d_values)) d_values[from + c] = share;
  }
#endif
}

// y[b] = x[b, column_b] of x[b, n], whatever the elements mean, `absent` where there is no such column.
ELEMENTS pick(OUT(uint, y), IN(uint, x), IN(int, column), int b, int n, uint absent) {
  AT(y), AT(x), AT(column);
  FOR_ELEMENTS(i, b) {
    const int at = column[i];
    y[i] = at < 0 || at >= n ? absent : x[(size_t)i * n + at];
  }
}

// dx[b, column_b] = dy_b, 0 elsewhere.
ELEMENTS pick_backward(OUT(float, dx), IN(float, dy), IN(int, column), int b, int n) {
  AT(dx), AT(dy), AT(column);
  FOR_ELEMENTS(i, b * n) dx[i] = column[i / n] == i % n ? dy[i / n] : 0.0f;
}

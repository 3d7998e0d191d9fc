// Stochastic gradient descent over a grid of ratings. A user's row is [p (k) ; b ; 1 ; 0 ...], an
// item's [q (k) ; 1 ; b ; 0 ...]: their product is the prediction.

// One round: work-group `row` does block (row, (row + shift) mod side) of the grid. Block b holds
// runs blocks[b] ..< blocks[b + 1], run r the ratings starts[r] ..< starts[r + 1] of run_users[r].
// Ratings of a run by fours: the errors, then every row's step by them. A user that is no row is
// passed over, an item that is none is taken for the last.
#define ROW(item) (size_t)min((uint)(item), (uint)item_rows - 1u)
#ifdef CPU_FORM
// What a step leaves of lanes d ..< d + 16 of a row whose bias is lane `bias` and whose 1 is
// lane `one`, and whether it moves them.
float16 kept(int16 d, int k, int one, float rate, float decay, float bias_decay) {
  const float16 keep =
      select((float16)(1.0f - rate * bias_decay), (float16)(1.0f - rate * decay), d < k);
  return select(keep, (float16)(1.0f), d == one || d > k + 1);
}

void take(
    __global float *p, __global float *items, const __global int *item,
    const __global float *value, int n, int k, int width, int item_rows, float rate, float decay,
    float bias_decay) {
  const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  __global float *q[4];
  float16 dot[4];
  float error[4];
  for (int j = 0; j < n; ++j) q[j] = items + ROW(item[j]) * width, dot[j] = 0.0f;
  for (int d = 0; d < width; d += 16) {
    const float16 u = vload16(0, p + d);
    for (int j = 0; j < n; ++j) dot[j] = fma(u, vload16(0, q[j] + d), dot[j]);
  }
  for (int j = 0; j < n; ++j) error[j] = value[j] - sum_lanes(dot[j]);
  for (int d = 0; d < width; d += 16) {
    const int16 at = lane + d;
    const float16 user_keep = kept(at, k, k + 1, rate, decay, bias_decay);
    const float16 item_keep = kept(at, k, k, rate, decay, bias_decay);
    const float16 user = vload16(0, p + d);
    const float16 gain = select((float16)(0.0f), rate * user, at < k || at == k + 1);
    float16 rest = user, sum = 0.0f;
    for (int j = 0; j < n; ++j) {
      const float16 t = vload16(0, q[j] + d);
      rest *= user_keep;
      sum = fma((float16)(error[j]), t, sum);
      vstore16(fma((float16)(error[j]), gain, item_keep * t), 0, q[j] + d);
    }
    vstore16(rest + select((float16)(0.0f), rate * sum, at <= k), 0, p + d);
  }
}

ELEMENTS factorize_round(
    OUT(float, users), OUT(float, items), IN(int, run_users), IN(int, starts),
    IN(int, rating_items), IN(float, values), IN(int, blocks), int side, int shift, int k,
    int width, int user_rows, int item_rows, int runs, int ratings, float rate, float decay,
    float bias_decay) {
  AT(users), AT(items), AT(run_users), AT(starts), AT(rating_items), AT(values), AT(blocks);
  const int row = (int)get_global_id(0);
  const int block = row * side + (row + shift) % side;
  const int last_run = min(blocks[block + 1], runs);
  for (int run = max(blocks[block], 0); run < last_run; ++run) {
    if (!IS_ROW(run_users[run], user_rows)) continue;
    __global float *p = users + (size_t)run_users[run] * width;
    const int end = clamp(starts[run + 1], 0, ratings);
    int at = clamp(starts[run], 0, ratings);
    for (; at + 4 <= end; at += 4)
      take(
          p, items, rating_items + at, values + at, 4, k, width, item_rows, rate, decay,
          bias_decay);
    if (at < end)
      take(
          p, items, rating_items + at, values + at, end - at, k, width, item_rows, rate, decay,
          bias_decay);
  }
}
#else
// An item of the group owns lanes me, me + GROUP, ... of every row.
GROUPED factorize_round(
    OUT(float, users), OUT(float, items), IN(int, run_users), IN(int, starts),
    IN(int, rating_items), IN(float, values), IN(int, blocks), int side, int shift, int k,
    int width, int user_rows, int item_rows, int runs, int ratings, float rate, float decay,
    float bias_decay) {
  AT(users), AT(items), AT(run_users), AT(starts), AT(rating_items), AT(values), AT(blocks);
  __local float4 part[GROUP];
  const int me = (int)get_local_id(0), row = (int)get_group_id(0);
  const int block = row * side + (row + shift) % side;
  int widest = 1;
  while (2 * widest < min(width, GROUP)) widest *= 2;
  const int first_run = max(blocks[block], 0), last_run = min(blocks[block + 1], runs);
  for (int run = first_run; run < last_run; ++run) {
    if (!IS_ROW(run_users[run], user_rows)) continue;
    const size_t p = (size_t)run_users[run] * width;
    const int first = clamp(starts[run], 0, ratings), last = clamp(starts[run + 1], 0, ratings);
    for (int at = first; at < last; at += 4) {
      const int n = min(4, last - at);
      const int b = min(at + 1, last - 1), c = min(at + 2, last - 1), d = min(at + 3, last - 1);
      const size_t q0 = ROW(rating_items[at]) * width, q1 = ROW(rating_items[b]) * width;
      const size_t q2 = ROW(rating_items[c]) * width, q3 = ROW(rating_items[d]) * width;
      float4 sum = 0.0f;
      for (int i = me; i < width; i += GROUP)
        sum = fma(
            (float4)(users[p + i]),
            (float4)(items[q0 + i], items[q1 + i], items[q2 + i], items[q3 + i]), sum);
      barrier(CLK_LOCAL_MEM_FENCE);
      part[me] = sum;
      for (int reach = widest; reach > 0; reach /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (me < reach) part[me] += part[me + reach];
      }
      barrier(CLK_LOCAL_MEM_FENCE);
      float4 error = (float4)(values[at], values[b], values[c], values[d]) - part[0];
      if (n < 4) error.s3 = 0.0f;
      if (n < 3) error.s2 = 0.0f;
      if (n < 2) error.s1 = 0.0f;
      for (int i = me; i < width; i += GROUP) {
        const float user = users[p + i];
        const float keep = 1.0f - rate * (i < k ? decay : bias_decay);
        const bool moves_item = i < k || i == k + 1;
        const float item_keep = moves_item ? keep : 1.0f, gain = moves_item ? rate * user : 0.0f;
        const float4 item = (float4)(items[q0 + i], items[q1 + i], items[q2 + i], items[q3 + i]);
        const float4 next = fma(error, (float4)(gain), item_keep * item);
        items[q0 + i] = next.s0;
        if (n > 1) items[q1 + i] = next.s1;
        if (n > 2) items[q2 + i] = next.s2;
        if (n > 3) items[q3 + i] = next.s3;
        if (i <= k) {
          float rest = user * keep;
          if (n > 1) rest *= keep;
          if (n > 2) rest *= keep;
          if (n > 3) rest *= keep;
          users[p + i] = rest + rate * dot(error, item);
        }
      }
    }
  }
}
#endif

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
// Parts of a sum that every item adds up.
#define SUMS 16

// Up to four ratings of a run, none behind the last: the rows of user and items, past n the last
// item's again, and lane `me` of these rows.
typedef struct {
  int n;
  uint user;
  uint4 rows;
  float4 values;
  float p;
  float4 q;
} Four;

// A walk over the ratings of a block: those from `at` up to `end` are left of `run`.
typedef struct {
  int run, at, end;
} Walk;

float4 lane_of_items(const __global float *items, uint4 rows, int width, int lane) {
  return (float4)(
      items[(size_t)rows.s0 * width + lane], items[(size_t)rows.s1 * width + lane],
      items[(size_t)rows.s2 * width + lane], items[(size_t)rows.s3 * width + lane]);
}

Four next_four(
    Walk *walk, int last_run, const __global int *run_users, const __global int *starts,
    const __global int *rating_items, const __global float *values, const __global float *users,
    const __global float *items, int width, int user_rows, int item_rows, int ratings) {
  const int me = (int)get_local_id(0);
  Four four = {0, 0, 0, 0.0f, 0.0f, 0.0f};
  while (walk->at >= walk->end && ++walk->run < last_run)
    if (IS_ROW(run_users[walk->run], user_rows)) {
      walk->at = clamp(starts[walk->run], 0, ratings);
      walk->end = clamp(starts[walk->run + 1], 0, ratings);
    }
  if (walk->run >= last_run) return four;
  const int a = walk->at, last = walk->end - 1;
  const int b = min(a + 1, last), c = min(a + 2, last), d = min(a + 3, last);
  walk->at += 4;
  four.n = min(4, last - a + 1);
  four.user = (uint)run_users[walk->run];
  four.rows = (uint4)(
      ROW(rating_items[a]), ROW(rating_items[b]), ROW(rating_items[c]), ROW(rating_items[d]));
  four.values = (float4)(values[a], values[b], values[c], values[d]);
  if (me < width) {
    four.p = users[(size_t)four.user * width + me];
    four.q = lane_of_items(items, four.rows, width, me);
  }
  return four;
}

// The step of lane i of a four's rows, p of its user and q of its items. The user's new lane.
float step_lane(
    __global float *users, __global float *items, const Four *four, int i, float p, float4 q,
    float4 error, int k, int width, float rate, float decay, float bias_decay) {
  const int n = four->n;
  const float keep = 1.0f - rate * (i < k ? decay : bias_decay);
  const bool moves_item = i < k || i == k + 1;
  const float item_keep = moves_item ? keep : 1.0f, gain = moves_item ? rate * p : 0.0f;
  const float4 next = fma(error, (float4)(gain), item_keep * q);
  items[(size_t)four->rows.s0 * width + i] = next.s0;
  if (n > 1) items[(size_t)four->rows.s1 * width + i] = next.s1;
  if (n > 2) items[(size_t)four->rows.s2 * width + i] = next.s2;
  if (n > 3) items[(size_t)four->rows.s3 * width + i] = next.s3;
  if (i > k) return p;
  float rest = p * keep;
  if (n > 1) rest *= keep;
  if (n > 2) rest *= keep;
  if (n > 3) rest *= keep;
  const float moved = rest + rate * dot(error, q);
  users[(size_t)four->user * width + i] = moved;
  return moved;
}

// An item of the group owns lanes me, me + GROUP, ... of every row. Lane me of the next four's rows
// is on its way while the errors of these are summed; a row in both is taken as these leave it.
GROUPED factorize_round(
    OUT(float, users), OUT(float, items), IN(int, run_users), IN(int, starts),
    IN(int, rating_items), IN(float, values), IN(int, blocks), int side, int shift, int k,
    int width, int user_rows, int item_rows, int runs, int ratings, float rate, float decay,
    float bias_decay) {
  AT(users), AT(items), AT(run_users), AT(starts), AT(rating_items), AT(values), AT(blocks);
  __local float4 part[GROUP], sums[SUMS];
  const int me = (int)get_local_id(0), row = (int)get_group_id(0);
  const int block = row * side + (row + shift) % side;
  const int last_run = min(blocks[block + 1], runs);
  Walk walk = {max(blocks[block], 0) - 1, 0, 0};
  Four four = next_four(
      &walk, last_run, run_users, starts, rating_items, values, users, items, width, user_rows,
      item_rows, ratings);
  while (four.n > 0) {
    float4 sum = four.p * four.q;
    for (int i = me + GROUP; i < width; i += GROUP)
      sum = fma(
          (float4)(users[(size_t)four.user * width + i]),
          lane_of_items(items, four.rows, width, i), sum);
    part[me] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    // The last items, most often without a lane, add up the parts.
    const int mine = me - (GROUP - SUMS);
    if (mine >= 0) {
      sum = 0.0f;
      for (int j = mine; j < min(width, GROUP); j += 4 * SUMS)
        sum += (part[j] + part[j + SUMS]) + (part[j + 2 * SUMS] + part[j + 3 * SUMS]);
      sums[mine] = sum;
    }
    Four next = next_four(
        &walk, last_run, run_users, starts, rating_items, values, users, items, width, user_rows,
        item_rows, ratings);
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me < width) {
      float4 product = 0.0f;
#pragma unroll
      for (int j = 0; j < SUMS; j += 4)
        product += (sums[j] + sums[j + 1]) + (sums[j + 2] + sums[j + 3]);
      float4 error = four.values - product;
      if (four.n < 4) error.s3 = 0.0f;
      if (four.n < 3) error.s2 = 0.0f;
      if (four.n < 2) error.s1 = 0.0f;
      const float moved = step_lane(
          users, items, &four, me, four.p, four.q, error, k, width, rate, decay, bias_decay);
      for (int i = me + GROUP; i < width; i += GROUP)
        step_lane(
            users, items, &four, i, users[(size_t)four.user * width + i],
            lane_of_items(items, four.rows, width, i), error, k, width, rate, decay, bias_decay);
      const uint4 rows = next.rows;
      if (next.user == four.user) next.p = moved;
      if (any((rows == four.rows.s0) | (rows == four.rows.s1) | (rows == four.rows.s2) |
              (rows == four.rows.s3)))
        next.q = lane_of_items(items, rows, width, me);
    }
    four = next;
  }
}
#endif

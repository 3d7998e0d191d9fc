// recurrent.cl for a GPU: a work-group of 256 items takes 4 rows through all steps. In a product each
// item has 4 columns of the 4 rows over a quarter of the inner dimension.
#define ROWS 4
#define COLUMNS 64
#define SLICES 4
#define PRODUCT_MEMORY \
  __local float4 left[GROUP]; \
  __local float part[SLICES * 4 * ROWS * COLUMNS]

// Rows of weights whose loads are on their way together.
#define AHEAD 8

// sum[g] += from[q] * w[q, column + g * gap] for q < count <= AHEAD in order, for the first `lanes`
// of the 4; at[g] is where w[0, column + g * gap] is. All loads come before the first sum.
void add_products(
    float4 *sum, const __local float4 *from, const __global float **at, int n, int lanes,
    int count) {
  float weight[4][AHEAD];
  float4 x[AHEAD];
#pragma unroll
  for (int g = 0; g < 4; ++g) {
#pragma unroll
    for (int u = 0; u < AHEAD; ++u) weight[g][u] = 0.0f;
    if (g >= lanes) continue;
#pragma unroll
    for (int u = 0; u < AHEAD; ++u)
      if (u < count) weight[g][u] = at[g][(size_t)u * n];
  }
#pragma unroll
  for (int u = 0; u < AHEAD; ++u) x[u] = u < count ? from[u] : 0.0f;
#pragma unroll
  for (int g = 0; g < 4; ++g) {
    if (g >= lanes) continue;
#pragma unroll
    for (int u = 0; u < AHEAD; ++u)
      if (u < count) sum[g] += x[u] * weight[g][u];
  }
}

// The item's row `slice` of from[4, k] . w[k, n], columns column + g * gap in lane g, for the first
// `lanes`; a column past n gets anything. Rows of `from` are from_step apart, those past `rows` are
// taken for 0. Each GROUP of the inner dimension is cut evenly into the slices.
float4 row_products(
    __local float4 *left, __local float *part, const __global float *from, size_t from_at,
    size_t from_step, int rows, int k, const __global float *w, int n, int column, int gap,
    int lanes) {
  const int me = (int)get_local_id(0), c = me % COLUMNS, slice = me / COLUMNS;
  float4 sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  for (int start = 0; start < k; start += GROUP) {
    const int p = start + me, count = min(GROUP, k - start);
    float4 value = 0.0f;
    if (p < k) {
      value.x = from[from_at + p];
      if (rows > 1) value.y = from[from_at + from_step + p];
      if (rows > 2) value.z = from[from_at + 2 * from_step + p];
      if (rows > 3) value.w = from[from_at + 3 * from_step + p];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    left[me] = value;
    barrier(CLK_LOCAL_MEM_FENCE);
    const int share = (count + SLICES - 1) / SLICES;
    int q = slice * share;
    const int end = min(q + share, count);
    const __global float *at[4];
#pragma unroll
    for (int g = 0; g < 4; ++g) at[g] = w + (size_t)(start + q) * n + min(column + g * gap, n - 1);
    for (; q + AHEAD <= end; q += AHEAD) {
      add_products(sums, left + q, at, n, lanes, AHEAD);
#pragma unroll
      for (int g = 0; g < 4; ++g) at[g] += (size_t)AHEAD * n;
    }
    if (q < end) add_products(sums, left + q, at, n, lanes, end - q);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
  for (int g = 0; g < 4; ++g) {
    const int at = (slice * 4 + g) * ROWS * COLUMNS + c;
    part[at] = sums[g].x;
    part[at + COLUMNS] = sums[g].y;
    part[at + 2 * COLUMNS] = sums[g].z;
    part[at + 3 * COLUMNS] = sums[g].w;
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  float4 total = 0.0f;
  for (int q = 0; q < SLICES; ++q) {
    const int at = (q * 4 * ROWS + slice) * COLUMNS + c;
    total.x += part[at];
    total.y += part[at + ROWS * COLUMNS];
    total.z += part[at + 2 * ROWS * COLUMNS];
    total.w += part[at + 3 * ROWS * COLUMNS];
  }
  return total;
}

// y, gates, beside and `last` of a layer from the products of its input.
GROUPED recurrent_forward(
    OUT(float, y), OUT(float, last), OUT(float, gates), IN(float, initial), IN(int, lengths),
    IN(float, w), IN(float, b), int batch, int steps, int units, int gate) {
  AT(y), AT(last), AT(gates), AT(initial), AT(lengths), AT(w), AT(b);
  PRODUCT_MEMORY;
  const int me = (int)get_local_id(0), row = (int)get_group_id(0) * ROWS;
  const int i = row + me / COLUMNS, rows = min(ROWS, batch - row);
  const int n = gate * units, state = STATE(units, gate);
  const int length = i < batch ? LENGTH(i) : 0;
  const size_t beside = (size_t)batch * steps * n;
  LONGEST(longest, row, rows);
  for (int s = 0; s < steps; ++s) {
    const int k = s < longest && (s > 0 || PRESENT(initial)) ? units : 0;
    const size_t step = (size_t)i * steps + s, first_step = (size_t)row * steps + s;
    for (int first = 0; first < units; first += COLUMNS) {
      const int j = first + me % COLUMNS;
      const size_t at = step * n + j, unit = step * units + j;
      const bool lives = i < batch && j < units && s < length;
      // What the products join is on its way while they are made.
      float z[4] = {0.0f, 0.0f, 0.0f, 0.0f}, bias[4] = {0.0f, 0.0f, 0.0f, 0.0f}, before = 0.0f;
#pragma unroll
      for (int g = 0; g < 4; ++g) {
        if (!lives || g >= gate) continue;
        z[g] = gates[at + (size_t)g * units];
        bias[g] = b[g * units + j];
      }
      if (lives && k > 0) {
        if (s == 0) before = initial[(size_t)i * state + state - units + j];
        else before = gate == LSTM ? gates[beside + unit - units] : y[unit - units];
      }
      const float4 product = row_products(
          left, part, s == 0 ? initial : (const __global float *)y,
          s == 0 ? (size_t)row * state : (first_step - 1) * units,
          s == 0 ? (size_t)state : (size_t)steps * units, rows, k, w, n, j, units, gate);
      if (lives) {
        const float z0 = activate(z[0] + product.x + bias[0], 3);
        const float z1 = activate(z[1] + product.y + bias[1], 3);
        const float recurrent = product.z + bias[2];
        gates[at] = z0;
        gates[at + units] = z1;
        if (gate == LSTM) {
          const float z3 = activate(z[3] + product.w + bias[3], 3);
          const float new = tanh(z[2] + recurrent);
          const float cell = z1 * before + z0 * new;
          gates[at + 2 * units] = new;
          gates[at + 3 * units] = z3;
          gates[beside + unit] = cell;
          y[unit] = z3 * tanh(cell);
        } else {
          const float new = tanh(z[2] + z0 * recurrent);
          gates[at + 2 * units] = new;
          gates[beside + unit] = recurrent;
          y[unit] = new + z1 * (before - new);
        }
      } else if (i < batch && j < units) {
        for (int g = 0; g < gate; ++g) gates[at + (size_t)g * units] = 0.0f;
        gates[beside + unit] = 0.0f;
        y[unit] = 0.0f;
      }
    }
    SYNC();
  }
  FOR_GROUP(t, rows * state) {
    const int end = LENGTH(row + t / state), j = t % state;
    const size_t at = ((size_t)(row + t / state) * steps + max(end - 1, 0)) * units + j;
    float value = 0.0f;
    if (end > 0) value = j < units ? y[at] : gates[beside + at - units];
    else if (PRESENT(initial)) value = initial[(size_t)row * state + t];
    last[(size_t)row * state + t] = value;
  }
}

// gates become the gradients dz before activation; dz_hidden, a GRU's, are those that reach h, and
// before[batch, steps, units] the states they met. carry becomes the gradient of the initial state.
GROUPED recurrent_backward(
    OUT(float, gates), OUT(float, dz_hidden), OUT(float, before), OUT(float, carry), IN(float, dy),
    IN(float, d_last), IN(float, y), IN(float, initial), IN(int, lengths), IN(float, transposed),
    int batch, int steps, int units, int gate) {
  AT(gates), AT(dz_hidden), AT(before), AT(carry), AT(dy), AT(d_last), AT(y), AT(initial);
  AT(lengths), AT(transposed);
  PRODUCT_MEMORY;
  const int me = (int)get_local_id(0), row = (int)get_group_id(0) * ROWS;
  const int rows = min(ROWS, batch - row), n = gate * units, state = STATE(units, gate);
  const size_t beside = (size_t)batch * steps * n;
  FOR_GROUP(t, rows * state) {
    const size_t at = (size_t)row * state + t;
    carry[at] = PRESENT(d_last) ? d_last[at] : 0.0f;
  }
  SYNC();
  LONGEST(longest, row, rows);
  for (int s = steps - 1; s >= 0; --s) {
    FOR_GROUP(t, rows * units) {
      const int i = row + t / units, j = t % units;
      const size_t step = (size_t)i * steps + s, at = step * n + j, unit = step * units + j;
      const size_t of_state = (size_t)i * state + j;
      float h = 0.0f;
      if (s > 0) h = y[unit - units];
      else if (PRESENT(initial)) h = initial[of_state];
      if (PRESENT(before)) before[unit] = h;
      if (s < LENGTH(i)) {
        const float z0 = gates[at], z1 = gates[at + units], z2 = gates[at + 2 * units];
        const float side = gates[beside + unit];
        const float dh = carry[of_state] + (PRESENT(dy) ? dy[unit] : 0.0f);
        if (gate == LSTM) {
          float cell = 0.0f;
          if (s > 0) cell = gates[beside + unit - units];
          else if (PRESENT(initial)) cell = initial[of_state + units];
          const float z3 = gates[at + 3 * units], squashed = tanh(side);
          const float dc = carry[of_state + units] + dh * z3 * (1.0f - squashed * squashed);
          gates[at] = dc * z2 * z0 * (1.0f - z0);
          gates[at + units] = dc * cell * z1 * (1.0f - z1);
          gates[at + 2 * units] = dc * z0 * (1.0f - z2 * z2);
          gates[at + 3 * units] = dh * squashed * z3 * (1.0f - z3);
          carry[of_state + units] = dc * z1;
          carry[of_state] = 0.0f;
        } else {
          const float d2 = dh * (1.0f - z1) * (1.0f - z2 * z2);
          const float d1 = dh * (h - z2) * z1 * (1.0f - z1), d0 = d2 * side * z0 * (1.0f - z0);
          gates[at] = d0;
          gates[at + units] = d1;
          gates[at + 2 * units] = d2;
          dz_hidden[at] = d0;
          dz_hidden[at + units] = d1;
          dz_hidden[at + 2 * units] = d2 * z0;
          carry[of_state] = dh * z1;
        }
      } else if (gate != LSTM) {
        for (int g = 0; g < gate; ++g) dz_hidden[at + (size_t)g * units] = 0.0f;
      }
    }
    SYNC();
    for (int first = 0; first < units; first += 4 * COLUMNS) {
      const int j = first + me % COLUMNS, i = row + me / COLUMNS;
      const float4 product = row_products(
          left, part, gate == LSTM ? (const __global float *)gates : dz_hidden,
          ((size_t)row * steps + s) * n, (size_t)steps * n, rows, s < longest ? n : 0, transposed,
          units, j, COLUMNS, min(4, (units - first + COLUMNS - 1) / COLUMNS));
      const size_t at = (size_t)i * state + j;
      if (i < batch && j < units) carry[at] += product.x;
      if (i < batch && j + COLUMNS < units) carry[at + COLUMNS] += product.y;
      if (i < batch && j + 2 * COLUMNS < units) carry[at + 2 * COLUMNS] += product.z;
      if (i < batch && j + 3 * COLUMNS < units) carry[at + 3 * COLUMNS] += product.w;
    }
    SYNC();
  }
}

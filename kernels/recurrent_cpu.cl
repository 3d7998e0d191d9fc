// recurrent.cl for a CPU: an item takes 8 rows through all steps.
#define ROWS 8

// Stores the last `width` of `held` lanes.
void store_end(float16 v, __global float *p, int width, int held) {
  if (width == VEC) {
    vstore16(v, 0, p);
    return;
  }
  float lane[VEC];
  vstore16(v, 0, lane);
  for (int l = held - width; l < held; ++l) p[l] = lane[l];
}

// Vectors of `width` units from j on; one past the end starts further left, at c.
#define FOR_UNITS(c, width, units)                                          \
  const int held = min(units, VEC);                                         \
  for (int j_ = 0, width, c; j_ < units && (width = min(VEC, units - j_)) > 0 \
       && (c = j_ + VEC <= units ? j_ : max(units - VEC, 0)) >= 0; j_ += VEC)

// to_r[n] = (to_r) + bias + from_r[k] . w[k, n] of 8 rows; w has rows of ldw.
void add_products(
    __global float *to, const size_t *to_at, bool adds, const __global float *from,
    const size_t *from_at, int k, const __global float *w, int ldw, const __global float *bias,
    int n, int rows) {
  const int held = min(n, VEC);
  for (int first = 0; first < n; first += 2 * VEC) {
    const int width = min(2 * VEC, n - first);
    const int c0 = width >= VEC ? first : max(n - VEC, 0);
    const int c1 = width >= VEC ? first + width - VEC : c0;
    float16 s0[ROWS], s1[ROWS];
#pragma unroll
    for (int r = 0; r < ROWS; ++r) {
      s0[r] = bias ? load_vec(bias + c0, held) : (float16)(0.0f);
      s1[r] = bias ? load_vec(bias + c1, held) : (float16)(0.0f);
      if (adds) {
        s0[r] += load_vec(to + to_at[r] + c0, held);
        s1[r] += load_vec(to + to_at[r] + c1, held);
      }
    }
    if (width > VEC) {
      for (int p = 0; p < k; ++p) {
        const float16 w0 = vload16(0, w + (size_t)p * ldw + c0);
        const float16 w1 = vload16(0, w + (size_t)p * ldw + c1);
#pragma unroll
        for (int r = 0; r < ROWS; ++r) {
          s0[r] += from[from_at[r] + p] * w0;
          s1[r] += from[from_at[r] + p] * w1;
        }
      }
    } else {
      for (int p = 0; p < k; ++p) {
        const float16 w0 = load_vec(w + (size_t)p * ldw + c0, held);
#pragma unroll
        for (int r = 0; r < ROWS; ++r) s0[r] += from[from_at[r] + p] * w0;
      }
    }
#pragma unroll
    for (int r = 0; r < ROWS; ++r) {
      if (r < rows) store_end(s0[r], to + to_at[r] + c0, min(width, VEC), held);
      if (r < rows && width > VEC) vstore16(s1[r], 0, to + to_at[r] + c1);
    }
  }
}

void clear(__global float *p, int n) {
  for (int j = 0; j < n; ++j) p[j] = 0.0f;
}

// y, gates, beside and `last` of a layer from the products of its input.
GROUPED recurrent_forward(
    OUT(float, y), OUT(float, last), OUT(float, gates), IN(float, initial), IN(int, lengths),
    IN(float, w), IN(float, b), int batch, int steps, int units, int gate) {
  AT(y), AT(last), AT(gates), AT(initial), AT(lengths), AT(w), AT(b);
  const int row = (int)get_global_id(0) * ROWS, n = gate * units, state = STATE(units, gate);
  if (row >= batch) return;
  const int rows = min(ROWS, batch - row);
  __global float *beside = gates + (size_t)batch * steps * n;
  LONGEST(longest, row, rows);
  for (int i = row; i < row + rows; ++i) {
    const int end = LENGTH(i), rest = steps - end;
    const size_t step = (size_t)i * steps + end;
    clear(gates + step * n, rest * n);
    clear(beside + step * units, rest * units);
    clear(y + step * units, rest * units);
  }
  for (int s = 0; s < longest; ++s) {
    size_t at[ROWS], beside_at[ROWS], from_at[ROWS];
    for (int r = 0; r < ROWS; ++r) {
      const int i = row + min(r, rows - 1);
      const size_t step = (size_t)i * steps + s;
      at[r] = step * n;
      beside_at[r] = step * units;
      from_at[r] = s == 0 ? (size_t)i * state : (step - 1) * units;
    }
    const __global float *from = s == 0 ? initial : (const __global float *)y;
    const int k = s > 0 || PRESENT(initial) ? units : 0, direct = gate == LSTM ? n : 2 * units;
    add_products(gates, at, true, from, from_at, k, w, n, b, direct, rows);
    if (gate != LSTM)
      add_products(
          beside, beside_at, false, from, from_at, k, w + direct, n, b + direct, units, rows);
    for (int r = 0; r < rows; ++r) {
      __global float *z = gates + at[r], *c = beside + beside_at[r], *h = y + beside_at[r];
      if (s >= LENGTH(row + r)) {
        clear(z, n);
        clear(c, units);
        continue;
      }
      FOR_UNITS(j, width, units) {
        const float16 z0 = activate16(load_vec(z + j, held), 3);
        const float16 z1 = activate16(load_vec(z + units + j, held), 3);
        float16 z2 = load_vec(z + 2 * units + j, held);
        if (gate == LSTM) {
          const float16 z3 = activate16(load_vec(z + 3 * units + j, held), 3);
          float16 cell = 0.0f;
          if (k > 0)
            cell = load_vec(s == 0 ? from + from_at[r] + units + j : c - units + j, held);
          z2 = tanh(z2);
          cell = z1 * cell + z0 * z2;
          store_end(z3, z + 3 * units + j, width, held);
          store_end(cell, c + j, width, held);
          store_end(z3 * tanh(cell), h + j, width, held);
        } else {
          const float16 before = k > 0 ? load_vec(from + from_at[r] + j, held) : (float16)(0.0f);
          z2 = tanh(z2 + z0 * load_vec(c + j, held));
          store_end(z2 + z1 * (before - z2), h + j, width, held);
        }
        store_end(z0, z + j, width, held);
        store_end(z1, z + units + j, width, held);
        store_end(z2, z + 2 * units + j, width, held);
      }
    }
  }
  for (int i = row; i < row + rows; ++i) {
    const int end = LENGTH(i);
    const size_t at = ((size_t)i * steps + max(end - 1, 0)) * units, to = (size_t)i * state;
    for (int j = 0; j < state; ++j)
      last[to + j] = end > 0             ? j < units ? y[at + j] : beside[at + j - units]
                     : PRESENT(initial) ? initial[to + j]
                                        : 0.0f;
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
  const int row = (int)get_global_id(0) * ROWS, n = gate * units, state = STATE(units, gate);
  if (row >= batch) return;
  const int rows = min(ROWS, batch - row);
  const __global float *beside = gates + (size_t)batch * steps * n;
  const __global float *hidden = gate == LSTM ? gates : dz_hidden;
  for (size_t t = (size_t)row * state; t < (size_t)(row + rows) * state; ++t)
    carry[t] = PRESENT(d_last) ? d_last[t] : 0.0f;
  LONGEST(longest, row, rows);
  for (int s = steps - 1; s >= 0; --s) {
    size_t at[ROWS], carry_at[ROWS];
    for (int r = 0; r < ROWS; ++r) {
      const int i = row + min(r, rows - 1);
      at[r] = ((size_t)i * steps + s) * n;
      carry_at[r] = (size_t)i * state;
    }
    for (int r = 0; r < rows; ++r) {
      const size_t unit = ((size_t)(row + r) * steps + s) * units;
      const bool starts = s == 0 && !PRESENT(initial);
      const __global float *from = s > 0 ? y + unit - units : initial + carry_at[r];
      const __global float *cell = s > 0 ? beside + unit - units : from + units;
      if (PRESENT(before))
        for (int j = 0; j < units; ++j) before[unit + j] = starts ? 0.0f : from[j];
      if (s >= LENGTH(row + r)) {
        if (gate != LSTM) clear(dz_hidden + at[r], n);
        continue;
      }
      __global float *z = gates + at[r], *dh_at = carry + carry_at[r];
      FOR_UNITS(j, width, units) {
        const float16 z0 = load_vec(z + j, held), z1 = load_vec(z + units + j, held);
        const float16 z2 = load_vec(z + 2 * units + j, held);
        const float16 side = load_vec(beside + unit + j, held);
        float16 dh = load_vec(dh_at + j, held), d0, d1, d2;
        if (PRESENT(dy)) dh += load_vec(dy + unit + j, held);
        if (gate == LSTM) {
          const float16 z3 = load_vec(z + 3 * units + j, held), squashed = tanh(side);
          const float16 c = starts ? (float16)(0.0f) : load_vec(cell + j, held);
          const float16 dc =
              load_vec(dh_at + units + j, held) + dh * z3 * (1.0f - squashed * squashed);
          d0 = dc * z2 * z0 * (1.0f - z0);
          d1 = dc * c * z1 * (1.0f - z1);
          d2 = dc * z0 * (1.0f - z2 * z2);
          store_end(dh * squashed * z3 * (1.0f - z3), z + 3 * units + j, width, held);
          store_end(dc * z1, dh_at + units + j, width, held);
          dh = 0.0f;
        } else {
          const float16 h = starts ? (float16)(0.0f) : load_vec(from + j, held);
          d2 = dh * (1.0f - z1) * (1.0f - z2 * z2);
          d1 = dh * (h - z2) * z1 * (1.0f - z1);
          d0 = d2 * side * z0 * (1.0f - z0);
          store_end(d0, dz_hidden + at[r] + j, width, held);
          store_end(d1, dz_hidden + at[r] + units + j, width, held);
          store_end(d2 * z0, dz_hidden + at[r] + 2 * units + j, width, held);
          dh *= z1;
        }
        store_end(d0, z + j, width, held);
        store_end(d1, z + units + j, width, held);
        store_end(d2, z + 2 * units + j, width, held);
        store_end(dh, dh_at + j, width, held);
      }
    }
    if (s < longest)
      add_products(carry, carry_at, true, hidden, at, n, transposed, units, 0, units, rows);
  }
}

// Gates of a network of two layers over spans of a state [part 0 ; part 1 ; context], a parts'
// columns. first and last are its layers, see network.cl; span s is the part, the first column and
// the number of columns, a weight and where its gate starts; the first spans are those of the gates.

#ifdef CPU_FORM
#define ACTIVATE activate16
#else
#define ACTIVATE activate
#endif

#define GATE_ARGUMENTS                                                                    \
  IN(float, states), IN(int, rows), IN(int, spans), IN(float, weights), IN(float, parameters), \
      int b, int w, int count, int a, int8 first, int8 last, int offset, float reach, int n
#define GATES                                                                             \
  AT(states), AT(rows), AT(spans), AT(weights), AT(parameters);                           \
  const int c = LAYER_INPUTS(first), h = LAYER_OUTPUTS(first), k = LAYER_OUTPUTS(last)
// Where the state of row i begins, and whether it has one: what has none is zeros.
#define STATE(i)                                                                          \
  const int state_row = PRESENT(rows) ? rows[(size_t)(i) * w] : (i);                      \
  const bool has = IS_ROW(state_row, count);                                              \
  const __global float *state = states + (has ? (size_t)state_row * (2 * a + c) : 0)
#define SPAN(s)                                                                           \
  const int part = spans[3 * (s)], from = clamp(spans[3 * (s) + 1], 0, a);                \
  const int length = clamp(spans[3 * (s) + 2], 0, a - from)
// Columns d of the part, one or a vector of them.
#define ONE(d) (part == 2 ? 1.0f : has ? state[(part == 1 ? a : 0) + (d)] : 0.0f)
#define MANY(d, width) \
  (part == 2 ? (vec)(1.0f) : has ? load_vec(state + (part == 1 ? a : 0) + (d), width) : (vec)(0.0f))
// This item's share of `many` columns that its work-group does, in vectors of `width` <= VEC.
#define GROUP_VECTORS(j, width, many)                                                     \
  for (int j = (int)get_local_id(0) * VEC, width;                                         \
       j < (many) && (width = min(VEC, (many) - j)) > 0; j += GROUP * VEC)

// y[b, a] = the spans under their gates; hidden[b, h] and gates[b, k] are the network's outputs. A
// work-group a row.
GROUPED gated_parts(OUT(float, y), OUT(float, hidden), OUT(float, gates), GATE_ARGUMENTS) {
  AT(y), AT(hidden), AT(gates);
  GATES;
  const int i = (int)get_group_id(0);
  if (i >= b) return;
  STATE(i);
  const __global float *w1 = parameters + LAYER_WEIGHT(first), *b1 = parameters + LAYER_BIAS(first);
  const __global float *w2 = parameters + LAYER_WEIGHT(last), *b2 = parameters + LAYER_BIAS(last);
  y += (size_t)i * a;
  hidden += (size_t)i * h;
  gates += (size_t)i * k;
  GROUP_VECTORS(j, width, h) {
    vec sum = load_vec(b1 + j, width);
    for (int p = 0; p < c; ++p)
      sum += (has ? state[2 * a + p] : 0.0f) * load_vec(w1 + (size_t)p * h + j, width);
    store_vec(ACTIVATE(sum, LAYER_ACTIVATION(first)), hidden + j, width);
  }
  SYNC();
  GROUP_VECTORS(j, width, k) {
    vec sum = load_vec(b2 + j, width);
    for (int p = 0; p < h; ++p) sum += hidden[p] * load_vec(w2 + (size_t)p * k + j, width);
    store_vec(ACTIVATE(sum, LAYER_ACTIVATION(last)), gates + j, width);
  }
  SYNC();
#define GAIN(s) \
  (weights[2 * (s)] \
   * ((s < k ? reach * gates[s] + parameters[offset + (s)] : 0.0f) + weights[2 * (s) + 1]))
#ifdef CPU_FORM
  for (int d = 0; d < a; d += VEC) store_vec((vec)(0.0f), y + d, min(VEC, a - d));
  for (int s = 0; s < n; ++s) {
    SPAN(s);
    const float gain = GAIN(s);
    for (int d = 0; d < length; d += VEC) {
      const int width = min(VEC, length - d);
      __global float *to = y + from + d;
      store_vec(load_vec(to, width) + gain * MANY(from + d, width), to, width);
    }
  }
#else
  for (int base = 0; base < a; base += GROUP) {
    const int d = base + (int)get_local_id(0);
    if (d >= a) continue;
    float total = 0.0f;
    for (int s = 0; s < n; ++s) {
      SPAN(s);
      if (d >= from && d < from + length) total += GAIN(s) * ONE(d);
    }
    y[d] = total;
  }
#endif
}

// slopes = [dGate[b, k] ; that before the last layer's activation [b, k] ; before the first's [b, h]].
// A work-group a row.
GROUPED gated_parts_backward(
    OUT(float, slopes), IN(float, dy), IN(float, hidden), IN(float, gates), GATE_ARGUMENTS) {
  AT(slopes), AT(dy), AT(hidden), AT(gates);
  GATES;
  TREE;
  const int i = (int)get_group_id(0);
  if (i >= b) return;
  STATE(i);
  dy += (size_t)i * a;
  __global float *d_gates = slopes + (size_t)i * k, *dz = slopes + ((size_t)b + i) * k;
  __global float *below = slopes + (size_t)2 * b * k + (size_t)i * h;
  for (int s = 0; s < k; ++s) {
    SPAN(s);
    float total;
    SUM(total, d, length, dy[from + d] * ONE(from + d));
    if (get_local_id(0) == 0) {
      const float slope = weights[2 * s] * total;
      d_gates[s] = slope;
      dz[s] = activation_gradient(reach * slope, gates[(size_t)i * k + s], LAYER_ACTIVATION(last));
    }
  }
  SYNC();
  const __global float *w2 = parameters + LAYER_WEIGHT(last);
  for (int base = 0; base < h; base += GROUP) {
    const int j = base + (int)get_local_id(0);
    if (j >= h) continue;
    vec total = (vec)(0.0f);
    for (int s = 0; s < k; s += VEC) {
      const int width = min(VEC, k - s);
      total += load_vec(dz + s, width) * load_vec(w2 + (size_t)j * k + s, width);
    }
    below[j] = activation_gradient(
        sum_lanes(total), hidden[(size_t)i * h + j], LAYER_ACTIVATION(first));
  }
}

// gradients += left^T slopes in the order of the rows: of the gates' constants, of the last layer's
// bias and weights, of the first's. A work-group a row of weights, whose left is a column of a layer's
// input, or 1 for what is added.
GROUPED gated_parts_weights(
    OUT(float, gradients), IN(float, slopes), IN(float, hidden), GATE_ARGUMENTS) {
  AT(gradients), AT(slopes), AT(hidden);
  GATES;
  const int group = (int)get_group_id(0);
  const bool is_first = group >= h + 2;
  const int column = is_first ? group - h - 3 : group - 2, columns = is_first ? h : k;
  if (column >= (is_first ? c : h)) return;
  const __global float *d = slopes + (is_first ? 2 : group > 0 ? 1 : 0) * (size_t)b * k;
  int to = offset;
  if (is_first) to = column < 0 ? LAYER_BIAS(first) : LAYER_WEIGHT(first) + column * h;
  else if (group > 0) to = column < 0 ? LAYER_BIAS(last) : LAYER_WEIGHT(last) + column * k;
  GROUP_VECTORS(j, width, columns) {
    vec total = (vec)(0.0f);
    for (int i = 0; i < b; ++i) {
      float left = 1.0f;
      if (column >= 0 && is_first) {
        STATE(i);
        left = has ? state[2 * a + column] : 0.0f;
      } else if (column >= 0) {
        left = hidden[(size_t)i * h + column];
      }
      total += left * load_vec(d + (size_t)i * columns + j, width);
    }
    __global float *sum = gradients + to + j;
    store_vec(load_vec(sum, width) + total, sum, width);
  }
}

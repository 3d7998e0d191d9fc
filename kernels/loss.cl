// Losses and their gradients. A sum is the fixed tree of one work-group (common.cl).

enum { SQUARED, HUBER, BINARY_CROSS_ENTROPY };

float point_loss_at(float p, float y, int kind, float delta) {
  const float d = p - y, size = fabs(d);
  if (kind == SQUARED) return d * d;
  if (kind == HUBER) return size <= delta ? 0.5f * d * d : delta * (size - 0.5f * delta);
  return fmax(p, 0.0f) - p * y + log1p(exp(-fabs(p)));
}

float point_loss_slope(float p, float y, int kind, float delta) {
  const float d = p - y;
  if (kind == SQUARED) return d + d;
  if (kind == HUBER) return fabs(d) <= delta ? d : copysign(delta, d);
  return 1.0f / (1.0f + exp(-p)) - y;
}

// loss[1] = (1/n) sum_i weights_i * l(prediction_i, target_i); absent weights are 1. A slope that
// is there gets the gradient.
GROUPED point_loss(
    OUT(float, loss), OUT(float, slope), IN(float, prediction), IN(float, target),
    IN(float, weights), int n, int kind, float delta) {
  AT(loss), AT(slope), AT(prediction), AT(target), AT(weights);
  TREE;
  float total;
  SUM(total, i, n, (PRESENT(weights) ? weights[i] : 1.0f) *
                       point_loss_at(prediction[i], target[i], kind, delta));
  if (get_local_id(0) == 0) loss[0] = total / (float)n;
  if (!PRESENT(slope)) return;
  FOR_GROUP(i, n) {
    const float weight = PRESENT(weights) ? weights[i] : 1.0f;
    slope[i] = weight * point_loss_slope(prediction[i], target[i], kind, delta) / (float)n;
  }
}

// dPrediction_i = dLoss[0] * weights_i * l' / n.
ELEMENTS point_loss_backward(
    OUT(float, d_prediction), IN(float, d_loss), IN(float, prediction), IN(float, target),
    IN(float, weights), int n, int kind, float delta) {
  AT(d_prediction), AT(d_loss), AT(prediction), AT(target), AT(weights);
  FOR_ELEMENTS(i, n) {
    const float weight = PRESENT(weights) ? weights[i] : 1.0f;
    const float slope = point_loss_slope(prediction[i], target[i], kind, delta);
    d_prediction[i] = d_loss[0] * weight * slope / (float)n;
  }
}

// The weight of a row, 1 where there are none.
#define ROW_WEIGHT(row) (PRESENT(weights) ? weights[row] : 1.0f)

// normalizer[b] = log sum_j exp(logits[b, j]), the largest taken out first; 0 of a row of weight 0.
// A work-group a row.
#ifdef CPU_FORM
GROUPED softmax_normalizer(
    OUT(float, normalizer), IN(float, logits), IN(float, weights), int b, int n) {
  AT(normalizer), AT(logits), AT(weights);
  const int row = (int)get_group_id(0);
  if (row >= b) return;
  const __global float *from = logits + (size_t)row * n;
  float top;
  MAXIMUM(top, j, n, from[j]);
  vec sum = (vec)(0.0f);
  int j = 0;
  for (; j + VEC <= n; j += VEC) sum += exp(vload16(0, from + j) - top);
  if (j < n) sum += first_lanes(exp(load_vec(from + j, n - j) - top), n - j);
  normalizer[row] = ROW_WEIGHT(row) == 0.0f ? 0.0f : top + log(sum_lanes(sum));
}
#else
// Logits of an item that are on their way together.
#define AHEAD 8
// Read once: an item keeps the largest of its logits so far and the sum beside it, scaled anew where
// a larger one comes (Milakov & Gimelshein 2018). Beside -infinity the sum is 0.
GROUPED softmax_normalizer(
    OUT(float, normalizer), IN(float, logits), IN(float, weights), int b, int n) {
  AT(normalizer), AT(logits), AT(weights);
  TREE;
  const int row = (int)get_group_id(0), me = (int)get_local_id(0);
  if (row >= b) return;
  const __global float *from = logits + (size_t)row * n;
  const int end = ROW_WEIGHT(row) == 0.0f ? 0 : n;
  float most = -INFINITY, sum = 0.0f;
  for (int j = me; j < end; j += AHEAD * GROUP) {
    float next[AHEAD], before = most;
#pragma unroll
    for (int l = 0; l < AHEAD; ++l)
      next[l] = l * GROUP < end - j ? from[j + l * GROUP] : -INFINITY;
#pragma unroll
    for (int l = 0; l < AHEAD; ++l) most = larger(most, next[l]);
    const float shift = most == -INFINITY ? 0.0f : most;
    sum *= exp(before - shift);
#pragma unroll
    for (int l = 0; l < AHEAD; ++l) sum += exp(next[l] - shift);
  }
  float top, total;
  MAXIMUM(top, i, GROUP, most);
  SUM(total, i, GROUP, sum * exp(most - top));
  if (me == 0) normalizer[row] = end == 0 ? 0.0f : top + log(total);
}
#endif

// loss[1] = (1/b) sum_i weights_i * (normalizer_i - logits[i, target_i]), without rows of weight 0.
// One work-group.
GROUPED softmax_loss(
    OUT(float, loss), IN(float, normalizer), IN(float, logits), IN(int, target), IN(float, weights),
    int b, int n) {
  AT(loss), AT(normalizer), AT(logits), AT(target), AT(weights);
  TREE;
  float total;
  SUM(total, i, b, ROW_WEIGHT(i) == 0.0f
                       ? 0.0f
                       : ROW_WEIGHT(i) * (normalizer[i] -
                                          logits[(size_t)i * n + clamp(target[i], 0, n - 1)]));
  if (get_local_id(0) == 0) loss[0] = total / (float)b;
}

// dLogits[b, n] = dLoss[0] * weights_b * (exp(logits - normalizer) - 1[j = target]) / b, 0 in a row
// of weight 0.
ELEMENTS softmax_backward(
    OUT(float, d_logits), IN(float, d_loss), IN(float, normalizer), IN(float, logits),
    IN(int, target), IN(float, weights), int b, int n) {
  AT(d_logits), AT(d_loss), AT(normalizer), AT(logits), AT(target), AT(weights);
  const int row = ROW_OF(n);
  if (row >= b) return;
  const size_t from = (size_t)row * n;
  const float weight = ROW_WEIGHT(row), scale = d_loss[0] / (float)b * weight;
  const int chosen = target[row];
  FOR_ROW_VECTORS(j, width, n) {
    if (weight == 0.0f) {
      store_vec((vec)(0.0f), d_logits + from + j, width);
      continue;
    }
    const vec p = exp(load_vec(logits + from + j, width) - (vec)(normalizer[row]));
    store_vec(scale * p, d_logits + from + j, width);
    if (chosen >= j && chosen < j + width)
      d_logits[from + chosen] = scale * (exp(logits[from + chosen] - normalizer[row]) - 1.0f);
  }
}

// target[b] = reward + discount * continuation * the smaller of nextValue and its twin, if any,
// outcome[b, 2] = [reward, continuation].
ELEMENTS temporal_difference_target(
    OUT(float, target), IN(float, outcome), IN(float, next_value), IN(float, twin), int b,
    float discount) {
  AT(target), AT(outcome), AT(next_value), AT(twin);
  FOR_ELEMENTS(i, b) {
    float value = next_value[i];
    if (PRESENT(twin) && (twin[i] < value || isnan(twin[i]))) value = twin[i];
    target[i] = outcome[2 * i] + discount * outcome[2 * i + 1] * value;
  }
}

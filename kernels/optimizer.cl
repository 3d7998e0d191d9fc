// Steps over a flat parameter set, an item its vectors.

// Decay leads dead weights to subnormal numbers, which slow a processor tenfold: what a step leaves
// below 2^-100 is 0.
vec settled(vec x) { return select(x, (vec)(0.0f), fabs(x) < (vec)(0x1p-100f)); }

// What brings a gradient to at most the norm `maximum`.
float clip_scale(float squared_norm, float maximum) {
  return fmin(1.0f, maximum / (sqrt(squared_norm) + 1e-6f));
}

// Adam (Kingma & Ba 2015, algorithm 1) with scale * g + decay * p for the gradient, the scale by the
// squared norm where there is one; clears g. Then target = tau * p + (1 - tau) * target, where there
// is one. correction1 = 1 / (1 - beta1^t), correction2 = 1 / (1 - beta2^t), from the host in double.
ELEMENTS adam(
    OUT(float, p), OUT(float, g), OUT(float, m), OUT(float, v), OUT(float, target),
    IN(float, squared_norm), int count, float rate, float beta1, float beta2, float epsilon,
    float decay, float correction1, float correction2, float maximum, float tau) {
  AT(p), AT(g), AT(m), AT(v), AT(target), AT(squared_norm);
  const float scale = PRESENT(squared_norm) ? clip_scale(squared_norm[0], maximum) : 1.0f;
  FOR_VECTORS(i, width, count) {
    const vec value = load_vec(p + i, width);
    const vec slope = scale * load_vec(g + i, width) + decay * value;
    const vec first = beta1 * load_vec(m + i, width) + (1.0f - beta1) * slope;
    const vec second = beta2 * load_vec(v + i, width) + (1.0f - beta2) * slope * slope;
    const vec root = sqrt(second * correction2) + (vec)(epsilon);
    const vec stepped = settled(value - rate * (first * correction1) / root);
    store_vec(settled(first), m + i, width);
    store_vec(settled(second), v + i, width);
    store_vec(stepped, p + i, width);
    store_vec((vec)(0.0f), g + i, width);
    if (PRESENT(target)) {
      const vec followed = tau * stepped + (1.0f - tau) * load_vec(target + i, width);
      store_vec(settled(followed), target + i, width);
    }
  }
}

// target = tau * source + (1 - tau) * target. Lillicrap et al. 2016, algorithm 1.
ELEMENTS soft_update(OUT(float, target), IN(float, source), int count, float tau) {
  AT(target), AT(source);
  FOR_VECTORS(i, width, count) {
    const vec from = tau * load_vec(source + i, width);
    store_vec(settled(from + (1.0f - tau) * load_vec(target + i, width)), target + i, width);
  }
}

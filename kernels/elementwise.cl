// One value from each value. An item does its vectors of a flat array (FOR_VECTORS).
// An output may be the very array that is an input, so that nothing here is restrict.
#undef OUT
#undef IN
#define OUT(T, name) __global T *name, const int name##_at
#define IN(T, name) const __global T *name, const int name##_at

// The order of UnaryOp in Elementwise.swift.
enum { NEGATE, SQUARE, ABSOLUTE, EXP, LOG, RELU, TANH, SIGMOID };

vec unary(vec x, int op) {
  switch (op) {
    case NEGATE: return -x;
    case SQUARE: return x * x;
    case ABSOLUTE: return fabs(x);
    case EXP: return exp(x);
    case LOG: return log(x);
    case RELU: return select(x, (vec)(0.0f), x < (vec)(0.0f));
    case TANH: return tanh(x);
    default: return (vec)(1.0f) / ((vec)(1.0f) + exp(-x));
  }
}

vec unary_gradient(vec dy, vec x, vec y, int op) {
  const vec zero = (vec)(0.0f);
  switch (op) {
    case NEGATE: return -dy;
    case SQUARE: return dy * (x + x);
    case ABSOLUTE: return select(select(zero, dy, x > zero), -dy, x < zero);
    case EXP: return dy * y;
    case LOG: return dy / x;
    case RELU: return select(zero, dy, x > zero);
    case TANH: return dy * ((vec)(1.0f) - y * y);
    default: return dy * y * ((vec)(1.0f) - y);
  }
}

// y[count] = op(x).
ELEMENTS map_forward(OUT(float, y), IN(float, x), int count, int op) {
  AT(y), AT(x);
  FOR_VECTORS(i, width, count) store_vec(unary(load_vec(x + i, width), op), y + i, width);
}

// dx[count] = dy * op'(x), y = op(x).
ELEMENTS map_backward(
    OUT(float, dx), IN(float, dy), IN(float, x), IN(float, y), int count, int op) {
  AT(dx), AT(dy), AT(x), AT(y);
  FOR_VECTORS(i, width, count) {
    const vec g = load_vec(dy + i, width);
    const vec slope = unary_gradient(g, load_vec(x + i, width), load_vec(y + i, width), op);
    store_vec(slope, dx + i, width);
  }
}

// y[count] = scale * x + shift.
ELEMENTS affine(OUT(float, y), IN(float, x), int count, float scale, float shift) {
  AT(y), AT(x);
  FOR_VECTORS(i, width, count)
  store_vec(scale * load_vec(x + i, width) + (vec)(shift), y + i, width);
}

vec within(vec x, float bound) {
  const vec top = select(x, (vec)(bound), x > (vec)(bound));
  return select(top, (vec)(-bound), top < (vec)(-bound));
}

// y[count] = x + noise, the noise within +-noise_bound, the sum within +-bound. NaN stays.
ELEMENTS perturb(
    OUT(float, y), IN(float, x), IN(float, noise), int count, float noise_bound, float bound) {
  AT(y), AT(x), AT(noise);
  FOR_VECTORS(i, width, count) {
    const vec kept = within(load_vec(noise + i, width), noise_bound);
    store_vec(within(load_vec(x + i, width) + kept, bound), y + i, width);
  }
}

// y[count] += scale * x.
ELEMENTS accumulate(OUT(float, y), IN(float, x), int count, float scale) {
  AT(y), AT(x);
  FOR_VECTORS(i, width, count)
  store_vec(load_vec(y + i, width) + scale * load_vec(x + i, width), y + i, width);
}

// y[m, n] = a[m, n] op b, b [m, n], [n] or [m] as `broadcast` is 0, 1 or 2.
ELEMENTS combine(
    OUT(float, y), IN(float, a), IN(float, b), int m, int n, int op, int broadcast) {
  AT(y), AT(a), AT(b);
  const int row = ROW_OF(n);
  if (row >= m) return;
  const size_t from = (size_t)row * n;
  FOR_ROW_VECTORS(j, width, n) {
    const vec left = load_vec(a + from + j, width);
    const vec right = broadcast == 2 ? (vec)(b[row])
                                     : load_vec(b + (broadcast == 1 ? 0 : from) + j, width);
    const vec value = op == 0 ? left + right
                    : op == 1 ? left - right
                    : op == 2 ? left * right
                              : left / right;
    store_vec(value, y + from + j, width);
  }
}

// y[m, p + q] = [a[m, p] ; b[m, q]].
ELEMENTS concatenate(OUT(float, y), IN(float, a), IN(float, b), int m, int p, int q) {
  AT(y), AT(a), AT(b);
  const int row = ROW_OF(p + q);
  if (row >= m) return;
  __global float *to = y + (size_t)row * (p + q);
  FOR_ROW_ELEMENTS(j, p + q) to[j] = j < p ? a[(size_t)row * p + j] : b[(size_t)row * q + j - p];
}

// y[m, count] = columns first ..< first + count of x[m, n], whatever the elements mean. An item does
// its part of the flat y, row by row.
ELEMENTS slice(OUT(uint, y), IN(uint, x), int m, int n, int first, int count) {
  AT(y), AT(x);
  int i = (int)get_global_id(0) * BLOCK;
  const int end = min(m * count, i + BLOCK);
  while (i < end) {
    const int row = i / count, column = i % count, part = min(count - column, end - i);
    const __global uint *from = x + (size_t)row * n + first + column;
    for (int c = 0; c < part; ++c) y[i + c] = from[c];
    i += part;
  }
}

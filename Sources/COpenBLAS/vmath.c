#include <stdint.h>

#include "clones.h"
#include "copenblas.h"
#include "vmath.h"

CLONES void host_exp(const float *x, float *y, int64_t n) { EACH y[i] = exp_one(x[i]); }
CLONES void host_log(const float *x, float *y, int64_t n) { EACH y[i] = log_one(x[i]); }
CLONES void host_tanh(const float *x, float *y, int64_t n) { EACH y[i] = tanh_one(x[i]); }
CLONES void host_sigmoid(const float *x, float *y, int64_t n) { EACH y[i] = sigmoid_one(x[i]); }

CLONES void host_softplus_tail(const float *x, float *y, int64_t n) {
  EACH y[i] = log1p_one(exp_one(x[i] < 0.0f ? x[i] : -x[i]));
}

CLONES void host_exp_shifted(const float *x, float shift, float scale, float *y, int64_t n) {
  EACH y[i] = scale * exp_one(x[i] - shift);
}

// One pass over memory: what was summed so far is scaled down where a block has a larger element.
float host_log_sum_exp(const float *x, int64_t n) {
  enum { block = 1024 };
  float terms[block], maximum = -__builtin_inff();
  double total = 0;
  for (int64_t start = 0; start < n; start += block) {
    int64_t count = n - start < block ? n - start : block;
    float largest = host_maximum(x + start, count);
    if (largest != largest) return largest;
    if (largest > maximum) {
      float shift = maximum - largest, factor;
      host_exp(&shift, &factor, 1);
      total *= (double)factor;
      maximum = largest;
    }
    if (maximum == -__builtin_inff()) continue;
    host_exp_shifted(x + start, maximum, 1, terms, count);
    total += (double)host_sum(terms, count);
  }
  float narrow = (float)total, logarithm;
  host_log(&narrow, &logarithm, 1);
  return maximum + logarithm;
}

#include <stdint.h>

#include "clones.h"
#include "cloops.h"
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

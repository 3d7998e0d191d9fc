#pragma once
#include <stdbool.h>
#include <stdint.h>

#include <copenblas.h>

#include "parallel.h"

// c[m, n] = op(a) · op(b), row-major; op(a) is [m, k], op(b) is [k, n]; a transposed one is stored
// [k, m] or [n, k]. ld: elements from one row to the next.
struct dense_product {
  bool transpose_a, transpose_b;
  int64_t m, n, k;
  const float *a;
  int64_t lda;
  const float *b;
  int64_t ldb;
  // To every row, or null; not where c is added to.
  const float *bias;
  // c += instead of c =.
  bool accumulate;
  // What is stored is max(0, ·), and 0 where the element of gate[m, n], if not null, is not positive.
  bool relu;
  const float *gate;
  int64_t ld_gate;
  float *c;
  int64_t ldc;
};
// By register tiles where the processor has them and the operands stay in cache, else by `library`
// where it has an sgemm, else by `host_product`.
void blas_product(const struct blas_library *library, const struct dense_product *product);
// Without bias, relu and gate.
void host_product(const struct dense_product *product);
// Vector registers straight from the operands; false, and nothing done, where the vector
// level of `library` has none: AVX-512, AVX2 and NEON have.
bool tiles_product(const struct blas_library *library, const struct dense_product *product);

// Scores every item for every query and keeps the k best of those allowed, best first; of equal
// scores the lower item first, NaN as -inf. score[b, i] = <query[b], items[i]> + bias[i]; `allowed`
// has a bit an item, ceil(n / 32) words a query. Null: no bias, all allowed.
struct top_request {
  const float *query, *items, *bias;
  const uint32_t *allowed;
  int64_t b, n, e, k;
  // [b, k]; behind the last item -1 and -inf.
  int32_t *best;
  float *scores;
};
// Floats that `host_score_top` needs as scratch.
int64_t top_scratch(const struct blas_library *library, const struct top_request *request);
// Scores are never stored. A large catalogue is shared among the library's threads; the result does
// not depend on their number.
void host_score_top(
    const struct blas_library *library, const struct top_request *request, float *scratch);

// The k best columns of each row of scores[b, n], best first, into columns 0 ..< k of index[b, width];
// of equal scores the lower column first; NaN and -inf are never among them, and behind the last
// stands -1. `perturbed`: word row * n + column of draw `counter` under `key` adds Gumbel noise.
struct top_rows_request {
  const float *scores;
  int64_t b, n, k, width;
  bool perturbed;
  uint64_t key, counter;
  int32_t *index;
};
// Floats that `host_top_rows` needs as scratch.
int64_t top_rows_scratch(const struct blas_library *library, const struct top_rows_request *request);
// Many rows are shared among the library's threads; the result does not depend on their number.
void host_top_rows(
    const struct blas_library *library, const struct top_rows_request *request, float *scratch);

// Array loops. Output and input may be the same array, but may not overlap otherwise.
// Largest error against the exact value, in units of the last place: exp 1, log 1, tanh 1.5,
// sigmoid 2.5, subnormal results included; ±inf, NaN and out-of-domain values as in C's <math.h>.
void host_exp(const float *x, float *y, int64_t n);
void host_log(const float *x, float *y, int64_t n);
void host_tanh(const float *x, float *y, int64_t n);
void host_sigmoid(const float *x, float *y, int64_t n);
// y = x^power for x >= 0, within 0.6 units of the last place, 0, inf and NaN as in C's pow.
void host_power(const float *x, float power, float *y, int64_t n);
// y = log(1 + exp(-|x|)).
void host_softplus_tail(const float *x, float *y, int64_t n);
// y = scale · exp(x - shift).
void host_exp_shifted(const float *x, float shift, float scale, float *y, int64_t n);

void host_negate(const float *x, float *y, int64_t n);
void host_square(const float *x, float *y, int64_t n);
void host_absolute(const float *x, float *y, int64_t n);
void host_relu(const float *x, float *y, int64_t n);
void host_affine(const float *x, float scale, float shift, float *y, int64_t n);
void host_add(const float *a, const float *b, float *y, int64_t n);
void host_subtract(const float *a, const float *b, float *y, int64_t n);
void host_multiply(const float *a, const float *b, float *y, int64_t n);
void host_divide(const float *a, const float *b, float *y, int64_t n);
void host_divide_by(const float *a, float b, float *y, int64_t n);
void host_fill(float value, float *y, int64_t n);

// dx from dy and the input x or the output y.
void host_square_backward(const float *dy, const float *x, float *dx, int64_t n);
void host_absolute_backward(const float *dy, const float *x, float *dx, int64_t n);
void host_relu_backward(const float *dy, const float *y, float *dx, int64_t n);
void host_tanh_backward(const float *dy, const float *y, float *dx, int64_t n);
void host_sigmoid_backward(const float *dy, const float *y, float *dx, int64_t n);

// y += scale · x.
// y = x + noise, the noise within ±noise_bound, the sum within ±bound; NaN stays.
void host_perturb(
    const float *x, const float *noise, float noise_bound, float bound, float *y, int64_t n);
void host_axpy(float scale, const float *x, float *y, int64_t n);
float host_dot(const float *a, const float *b, int64_t n);
float host_sum(const float *x, int64_t n);
// NaN where there is one, -inf of nothing.
float host_maximum(const float *x, int64_t n);
// Whether an element is above the threshold; NaN is not.
bool host_any_above(const float *x, float threshold, int64_t n);
// y[n] (+)= Σ_m scale_i · x[m, n], rows of x at steps of ldx, scales at steps of ld_scale; scale 1
// when null.
void host_column_sums(
    const float *x, int64_t ldx, const float *scale, int64_t ld_scale, bool accumulate, float *y,
    int64_t m, int64_t n);

// The sum tree of a replay memory: node 1 is the root, node i has children 2i and 2i + 1, leaf j is
// node capacity + j. Many leaves climb or descend side by side, so that their cache misses overlap.

// Leaf leaves[i · stride] = values[i], or values[0] for all; every ancestor is summed again. Of a
// leaf that repeats the last value stands; one outside 0 ..< capacity is skipped.
void host_tree_set(
    float *nodes, int64_t capacity, const int32_t *leaves, int64_t stride, const float *values,
    bool is_single, int64_t b);
// The leaf where targets[i] falls, left where it is below the left sum, `filled` - 1 at most, and
// its priority. The targets are used up.
void host_tree_find(
    const float *nodes, int64_t capacity, int64_t filled, float *targets, int32_t *leaves,
    float *priorities, int64_t b);

// One step of a recurrent layer of n units; before: the cells or the hidden state of the step before.
// Errors of the gates: 5 units in the last place; a sigmoid stays above 1e-38.
//
// gates[4n] = i, f, g, o before activation become those after it.
void host_lstm_gates(
    float *gates, const float *before, float *cell, float *hidden, int64_t n);
// The gates become their own gradients before activation. dhidden, to which dy is added, becomes 0,
// dcell the gradient of `before`.
void host_lstm_gates_backward(
    float *dhidden, float *dcell, const float *dy, float *gates, const float *before,
    const float *cell, int64_t n);
// gates[3n] = r, z, n before activation, n without its recurrent part, which is recurrent[n].
void host_gru_gates(
    float *gates, const float *recurrent, const float *before, float *hidden, int64_t n);
// drecurrent[3n]: the gradients that go on to the recurrent product. dhidden becomes the direct part
// of the gradient of `before`.
void host_gru_gates_backward(
    float *dhidden, const float *dy, float *gates, const float *recurrent, const float *before,
    float *drecurrent, int64_t n);
// y[n, m] = transpose of x[m, n].
void host_transpose(const float *x, float *y, int64_t m, int64_t n);

// Rows with candidates of their own: rows[i · stride + c], c < n, of items[e] for action[i, e]. A
// negative row is no candidate.
struct host_candidates {
  const float *action, *items;
  const int32_t *rows;
  int64_t b, n, stride, e;
};
// scores[b, n], `absent` where there is no candidate; the same bits wherever one stands.
void host_candidate_scores(const struct host_candidates *of, float absent, float *scores);
// gradient[b, e] = Σ_c slopes[b, c] · item, in the order of c; `action` is not used.
void host_candidate_scores_backward(
    const struct host_candidates *of, const float *slopes, float *gradient);
// gradients[row, e] += slopes[b, c] · action[b], in the order of b and c; `items` is not used.
void host_candidate_item_gradient(
    const struct host_candidates *of, const float *slopes, float *gradients);

// logits[b, n] and a target a row; weights[b] are 1 where null. A row of weight 0 is left out,
// whatever stands in it.
struct cross_entropy {
  const float *logits, *weights;
  const int32_t *target;
  int64_t b, n;
};
// Σ weight · (normalizer − logit of the target) / b; normalizer[b] = log Σ exp, 0 where left out. The
// library's threads share the rows of a large one; the result does not depend on their number.
float host_cross_entropy(
    const struct blas_library *library, const struct cross_entropy *of, float *normalizer);
// slopes[b, n] = scale · weight · (softmax − 1 at the target).
void host_cross_entropy_backward(
    const struct blas_library *library, const struct cross_entropy *of, const float *normalizer,
    float scale, float *slopes);

// Lets this thread take subnormal numbers for 0, and gives back what it did before. They cost a
// product or a step tenfold, and decay leads gradients of idle units there.
unsigned host_flush_subnormals(void);
void host_restore_subnormals(unsigned before);

struct adam_settings {
  // Of the gradient.
  float scale;
  // The learning rate and the root, each with its correction for the step.
  float rate, beta1, beta2, root_scale, epsilon, decay, tau;
};
// target, where not null, follows p by tau.
void host_adam(
    float *p, float *g, float *m, float *v, float *target, int64_t n,
    const struct adam_settings *settings);
void host_soft_update(float *target, const float *source, float tau, int64_t n);

// Ratings in the order of a pass. The users x items are a grid of side x side blocks; block
// (row, column) holds runs blocks[i] ..< blocks[i + 1] of i = row · side + column. Run j is of
// users[j], with ratings starts[j] ..< starts[j + 1]: items and values. Users of one row of the
// grid are in no other, items of one column in no other.
enum { host_grid_limit = 256 };
struct host_ratings {
  const int32_t *users, *starts, *items, *blocks;
  const float *values;
  int side;
  // Of a row of both tables: a multiple of 16, k + 2 or more.
  int width;
  // How many there are; a user past them is left out, an item past them taken for the last.
  int32_t user_rows, item_rows, runs, ratings;
};
// Stochastic gradient descent over a factorisation with biases, in `rounds` rounds of disjoint
// blocks (row, row + shifts[round]), a pass where there are `side`. A user's row is
// [p (k) ; b ; 1 ; 0 …], an item's
// [q (k) ; 1 ; b ; 0 …], so that their product is the prediction. The same bits whatever the
// number of threads. `scratch` holds 4 · width numbers.
void host_factorize(
    const struct host_ratings *ratings, const int32_t *shifts, int rounds, float *users,
    float *items, int k, float rate, float decay, float bias_decay, float *scratch, int threads);

// y_i = low + (high - low) * (word_i >> 8) * 2^-24, at most `last`, from the words of draw `counter`
// under `key` (Random/Philox.swift); the same bits on every processor.
void host_uniform(
    uint64_t key, uint64_t counter, float low, float high, float last, float *y, int64_t n);
// y = x · scale, 0 where that uniform draw in [0, 1) is below `rate`.
void host_dropout(
    uint64_t key, uint64_t counter, const float *x, float rate, float scale, float *y, int64_t n);
// y = 1 where that uniform draw is below the sigmoid of x, else 0.
void host_bernoulli(uint64_t key, uint64_t counter, const float *x, float *y, int64_t n);
// y_i = x_i - log(-log u), u = ((word >> 8) + 1/2) * 2^-24, of words `first` ..< `first` + n.
void host_gumbel(
    uint64_t key, uint64_t counter, int64_t first, const float *x, float *y, int64_t n);
// The first of the blocks of 64 elements start ..< start + 64, start + 64 ..< start + 128 … where an
// element might exceed the threshold with its noise, or that is not whole inside 0 ..< n. Word
// first + start begins a block of Philox.
int64_t host_gumbel_candidates(
    uint64_t key, uint64_t counter, int64_t first, const float *x, float threshold, int64_t start,
    int64_t n);

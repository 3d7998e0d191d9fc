// Every loop of Sources/Kernels/Loops on arrays that end where the loop has to, so that an address
// sanitizer sees a step too far; indices that are none among them, and several threads for the
// thread sanitizer. Built by the part `sanitizers` of ./campaign, once a vector level.
#include <cloops.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 1;
static uint32_t draw(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33);
}

// What was taken since the last `give_back`.
static void *taken[4096];
static int count_taken;
static void *room(size_t bytes) {
  // Nothing to spare: not even the bytes that malloc rounds up to.
  void *p = malloc(bytes);
  if (count_taken == 4096 || (bytes && !p)) abort();
  return taken[count_taken++] = p;
}
static void give_back(void) {
  while (count_taken) free(taken[--count_taken]);
}
static float *floats(int64_t n) {
  float *x = room((size_t)n * sizeof *x);
  for (int64_t i = 0; i < n; i++) x[i] = (float)(int)(draw() % 2001) / 500.0f - 2.0f;
  return x;
}
static float *positive(int64_t n) {
  float *x = floats(n);
  for (int64_t i = 0; i < n; i++) x[i] = fabsf(x[i]) + 0.01f;
  return x;
}
// Of a table of `rows`, every fifth missing.
static int32_t *indices(int64_t n, int32_t rows) {
  int32_t *x = room((size_t)n * sizeof *x);
  for (int64_t i = 0; i < n; i++) x[i] = i % 5 == 3 ? -1 : (int32_t)(draw() % (uint32_t)rows);
  return x;
}

static const int64_t sizes[] = {0, 1, 2, 3, 7, 15, 16, 17, 31, 33, 63, 64, 65, 100, 257, 1000};
#define EVERY(n) \
  for (size_t n##_ = 0; n##_ < sizeof sizes / sizeof *sizes; n##_++) \
    for (int64_t n = sizes[n##_], once = 1; once; once = 0, give_back())

static void elementwise(int64_t n) {
  float *x = floats(n), *z = positive(n), *y = floats(n), *d = floats(n);
  host_exp(x, y, n), host_log(z, y, n), host_tanh(x, y, n), host_sigmoid(x, y, n);
  host_power(z, 0.6f, y, n), host_softplus_tail(x, y, n), host_exp_shifted(x, 2, 0.5f, y, n);
  host_negate(x, y, n), host_square(x, y, n), host_absolute(x, y, n), host_relu(x, y, n);
  host_affine(x, 2, 1, y, n), host_add(x, z, y, n), host_subtract(x, z, y, n);
  host_multiply(x, z, y, n), host_divide(x, z, y, n), host_divide_by(x, 3, y, n);
  host_fill(1, y, n), host_perturb(x, z, 0.5f, 1, y, n), host_axpy(0.5f, x, y, n);
  host_square_backward(d, x, y, n), host_absolute_backward(d, x, y, n);
  host_relu_backward(d, x, y, n), host_tanh_backward(d, x, y, n);
  host_sigmoid_backward(d, x, y, n);
  volatile float sum = host_dot(x, z, n) + host_sum(x, n) + host_maximum(x, n)
      + (float)host_any_above(x, 1, n);
  (void)sum;
  float *m = positive(n), *v = positive(n), *target = floats(n);
  struct adam_settings adam = {1, 0.01f, 0.9f, 0.999f, 1, 1e-8f, 0.01f, 0.1f};
  host_adam(x, d, m, v, target, n, &adam), host_adam(x, d, m, v, NULL, n, &adam);
  host_soft_update(target, x, 0.1f, n);
  host_uniform(7, 3, -1, 1, 0.99f, y, n), host_dropout(7, 4, x, 0.3f, 1.4f, y, n);
  host_bernoulli(7, 5, x, y, n), host_gumbel(7, 6, 8, x, y, n);
  for (int64_t start = 0; start < n; start += 64)
    host_gumbel_candidates(7, 6, 0, x, 1e9f, start, n);
}

static void recurrent(int64_t n) {
  float *gates = floats(4 * n), *before = floats(n), *cell = floats(n), *hidden = floats(n);
  host_lstm_gates(gates, before, cell, hidden, n);
  host_lstm_gates_backward(floats(n), floats(n), floats(n), gates, before, cell, n);
  float *three = floats(3 * n), *own = floats(n);
  host_gru_gates(three, own, before, hidden, n);
  host_gru_gates_backward(floats(n), floats(n), three, own, before, floats(3 * n), n);
}

static void matrices(const struct blas_library *blas, int64_t m, int64_t n, int64_t k) {
  for (int form = 0; form < 16; form++) {
    bool ta = form & 1, tb = form & 2, accumulate = form & 4, whole = form & 8 && !accumulate;
    struct dense_product p = {
        .transpose_a = ta, .transpose_b = tb, .m = m, .n = n, .k = k, .a = floats(m * k),
        .lda = ta ? m : k, .b = floats(k * n), .ldb = tb ? k : n,
        .bias = whole ? floats(n) : NULL, .accumulate = accumulate, .relu = whole,
        .gate = whole ? floats(m * n) : NULL, .ld_gate = n, .c = floats(m * n), .ldc = n};
    blas_product(blas, &p);
    if (!whole) host_product(&p);
    tiles_product(blas, &p);
    give_back();
  }
  host_transpose(floats(m * n), floats(m * n), m, n);
  host_column_sums(floats(m * n), n, NULL, 0, false, floats(n), m, n);
  host_column_sums(floats(m * n), n, floats(m), 1, true, floats(n), m, n);
}

static void top(const struct blas_library *blas, int64_t b, int64_t n, int64_t e, int64_t k) {
  uint32_t *allowed = room((size_t)(b * ((n + 31) / 32)) * sizeof *allowed);
  for (int64_t i = 0; i < b * ((n + 31) / 32); i++) allowed[i] = draw() * 2654435761u;
  for (int form = 0; form < 4; form++) {
    struct top_request r = {
        floats(b * e), floats(n * e), form & 1 ? floats(n) : NULL, form & 2 ? allowed : NULL,
        b, n, e, k, room((size_t)(b * k) * sizeof(int32_t)), floats(b * k)};
    host_score_top(blas, &r, floats(top_scratch(blas, &r)));
    struct top_rows_request rows = {
        floats(b * n), b, n, k, k + form, form & 1, 7, 9,
        room((size_t)(b * (k + form)) * sizeof(int32_t))};
    host_top_rows(blas, &rows, floats(top_rows_scratch(blas, &rows)));
  }
}

static void lists(const struct blas_library *blas, int64_t b, int64_t n, int64_t e) {
  int32_t rows = 9;
  struct host_candidates of = {
      floats(b * e), floats(rows * e), indices(b * n, rows), b, n, n, e};
  host_candidate_scores(&of, -1, floats(b * n));
  host_candidate_scores_backward(&of, floats(b * n), floats(b * e));
  host_candidate_item_gradient(&of, floats(b * n), floats(rows * e));
  if (b == 0 || n == 0) return;
  int32_t *target = indices(b, (int32_t)n);
  float *weights = floats(b), *normalizer = floats(b);
  for (int64_t i = 0; i < b; i++)
    if (target[i] < 0) target[i] = (int32_t)n - 1, weights[i] = 0;
  struct cross_entropy entropy = {floats(b * n), weights, target, b, n};
  volatile float loss = host_cross_entropy(blas, &entropy, normalizer);
  (void)loss;
  host_cross_entropy_backward(blas, &entropy, normalizer, 0.5f, floats(b * n));
}

static void tree(int64_t capacity, int64_t b) {
  float *nodes = floats(2 * capacity);
  for (int64_t i = 0; i < 2 * capacity; i++) nodes[i] = 0;
  int32_t *leaves = indices(2 * b, (int32_t)capacity);
  // None of these is a leaf.
  static const int32_t none[] = {-1, INT32_MIN, INT32_MAX, 1 << 30};
  for (int64_t i = 0; i < b; i += 3) leaves[2 * i] = i % 2 ? (int32_t)capacity : none[i % 4];
  host_tree_set(nodes, capacity, leaves, 2, positive(b), false, b);
  host_tree_set(nodes, capacity, leaves, 2, positive(1), true, b);
  float *targets = floats(b);
  for (int64_t i = 0; i < b; i++) targets[i] = i % 7 == 6 ? NAN : fabsf(targets[i]) * nodes[1];
  host_tree_find(
      nodes, capacity, capacity / 2 + 1, targets, room((size_t)b * sizeof(int32_t)), floats(b), b);
}

// A grid of side x side in which user u is in row u mod side and item i in column i mod side.
static void factorize(int users, int items, int side, int k, int threads, bool wrong) {
  int width = (k + 2 + 15) / 16 * 16, runs = 0, ratings = 0;
  int32_t *run_users = room(sizeof(int32_t) * (size_t)(users * side));
  int32_t *starts = room(sizeof(int32_t) * (size_t)(users * side + 1));
  int32_t *rated = room(sizeof(int32_t) * (size_t)(users * items));
  int32_t *blocks = room(sizeof(int32_t) * (size_t)(side * side + 1));
  for (int row = 0; row < side; row++)
    for (int column = 0; column < side; column++) {
      blocks[row * side + column] = runs;
      for (int user = row; user < users; user += side) {
        run_users[runs] = user, starts[runs++] = ratings;
        for (int item = column; item < items; item += side) rated[ratings++] = item;
      }
    }
  blocks[side * side] = runs, starts[runs] = ratings;
  float *values = floats(ratings);
  int32_t *exact = room(sizeof(int32_t) * (size_t)ratings);
  memcpy(exact, rated, sizeof(int32_t) * (size_t)ratings);
  if (wrong) {
    exact[0] = -1, exact[ratings / 2] = INT32_MAX, exact[ratings - 1] = items;
    run_users[0] = -5, run_users[runs - 1] = users, starts[1] = INT32_MAX, starts[2] = INT32_MIN;
    blocks[0] = -7, blocks[side * side] = 1 << 30;
  }
  int32_t *shifts = room(sizeof(int32_t) * (size_t)side);
  for (int i = 0; i < side; i++) shifts[i] = i;
  struct host_ratings of = {
      run_users, starts, exact, blocks, values, side, width, users, items, runs, ratings};
  host_factorize(
      &of, shifts, side, floats(users * width), floats(items * width), k, 0.05f, 0.01f, 0.01f,
      floats(4 * width), threads);
}

int main(void) {
  const struct blas_library *blas = blas_open();
  EVERY(n) elementwise(n), recurrent(n);
  static const int64_t shapes[][3] = {
      {1, 1, 1}, {3, 5, 7}, {16, 16, 16}, {17, 33, 5}, {64, 228, 128}, {65, 129, 31}, {1, 257, 100},
      {130, 3, 64}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    int64_t m = shapes[i][0], n = shapes[i][1], k = shapes[i][2];
    matrices(blas, m, n, k), give_back();
    lists(blas, m, n, k), give_back();
    top(blas, m, n, k, n < 5 ? n : 5), give_back();
    top(blas, m, 40 * n, k, 10), give_back();
    tree(n <= 2 ? 2 : (int64_t)1 << (64 - __builtin_clzll((uint64_t)n - 1)), 3 * m), give_back();
  }
  lists(blas, 700, 1000, 3), give_back();
  top(blas, 70, 9000, 20, 10), give_back();
  for (int wrong = 0; wrong < 2; wrong++)
    // Two threads at once in what is wrong would meet in one row: that is no use of it.
    for (int threads = 1; threads <= (wrong ? 1 : 4); threads += 3) {
      factorize(9, 7, 2, 3, threads, wrong), give_back();
      factorize(13, 17, 4, 30, threads, wrong), give_back();
      factorize(40, 23, 5, 140, threads, wrong), give_back();
    }
  printf("every loop was run, of %d threads, vector level %d\n", blas->threads,
         blas_vector_level());
  return 0;
}

// Scores by tiles, of the vectors of the file that includes this.

// The state of up to 64 queries, one a lane.
struct queries {
  int64_t count;
  // What a score has to pass: NaN, which all pass, of a list that is not full.
  float threshold[top_rows];
  struct top_scores *tops;
};

static void note(struct queries *queries, int64_t i, float score, int64_t item) {
  if (i >= queries->count) return;
  struct top_scores *top = &queries->tops[i];
  top_scores_add(top, score, item);
  if (top->count == top->capacity) queries->threshold[i] = top->scores[0];
}

// R items by V vectors of queries, of which the first is `first`. Scores stay in registers unless
// one passes its query's threshold.
enum { most_sums = 24 };
INLINE void score_tile(
    const int R, const int V, const float *items, int64_t e, const float *bias,
    const float *packed, int64_t item, struct queries *queries, int64_t first) {
  vector sums[most_sums], threshold[4];
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++)
    sums[i * V + v] = bias ? bias[i] : 0;
  for (int64_t p = 0, end; p < e; p = end) {
    end = e - p < line ? e : p + line;
    // The lines of this stretch, two tiles on.
    UNROLL for (int i = 0; i < R; i++) __builtin_prefetch(items + (2 * R + i) * e + p);
    for (int64_t l = p; l < end; l++) {
      vector q[4];
      UNROLL for (int v = 0; v < V; v++) LOAD(q[v], packed + (l * V + v) * lanes);
      UNROLL for (int i = 0; i < R; i++) {
        vector x = items[i * e + l];
        UNROLL for (int v = 0; v < V; v++)
          sums[i * V + v] = MULTIPLY_ADD(x, q[v], sums[i * V + v]);
      }
    }
  }
  unsigned any = 0;
  UNROLL for (int v = 0; v < V; v++) {
    LOAD(threshold[v], queries->threshold + first + lanes * v);
    UNROLL for (int i = 0; i < R; i++) any |= past(sums[i * V + v], threshold[v]);
  }
  if (__builtin_expect(any == 0, 1)) return;
  float scores[most_sums][lanes];
  UNROLL for (int i = 0; i < R * V; i++) STORE(scores[i], sums[i]);
  for (int i = 0; i < R; i++)
    for (int v = 0; v < V; v++) {
      vector row;
      LOAD(row, scores[i * V + v]);
      LOAD(threshold[0], queries->threshold + first + lanes * v);
      for (unsigned hits = past(row, threshold[0]); hits; hits &= hits - 1) {
        int lane = __builtin_ctz(hits);
        note(queries, first + lanes * v + lane, scores[i * V + v][lane], item + i);
      }
    }
}

#define BAND(R, V) \
  __attribute__((noinline)) static void band_##V( \
      const struct top_request *r, int64_t item, int64_t last, const float *packed, \
      struct queries *queries, int64_t first) { \
    for (; last - item >= R; item += R) \
      score_tile( \
          R, V, r->items + item * r->e, r->e, r->bias ? r->bias + item : NULL, packed, item, \
          queries, first); \
    for (; item < last; item++) \
      score_tile( \
          1, V, r->items + item * r->e, r->e, r->bias ? r->bias + item : NULL, packed, item, \
          queries, first); \
  }
BAND(items_1, 1) BAND(items_2, 2) BAND(items_3, 3) BAND(items_4, 4)

// sums[i]: lanes whose sum is the product of the query with row i. Rows that would lie past `count`
// are the last one again.
INLINE void sums_side_by_side(
    const float *items, int64_t count, int64_t e, const float *query, vector *sums) {
  enum { ahead = 4096 / sizeof(float) };
  int64_t whole = e / lanes * lanes;
  part rest = part_of(e - whole);
  vector q, x;
#define ROW(i) (items + ((i) < count ? (i) : count - 1) * e)
  UNROLL for (int i = 0; i < lanes; i++) sums[i] = 0;
  for (int64_t p = 0; p < whole; p += lanes) {
    LOAD(q, query + p);
    UNROLL for (int i = 0; i < lanes * lanes; i += line)
      __builtin_prefetch(items + ahead + p * lanes + i);
    UNROLL for (int i = 0; i < lanes; i++) {
      LOAD(x, ROW(i) + p);
      sums[i] = MULTIPLY_ADD(x, q, sums[i]);
    }
  }
  if (whole == e) return;
  q = load_part(query + whole, rest);
  UNROLL for (int i = 0; i < lanes; i++)
    sums[i] = MULTIPLY_ADD(load_part(ROW(i) + whole, rest), q, sums[i]);
}

// The same, of two rows after two as they lie in memory, which reads a large table the faster where
// it is said to.
INLINE void sums_in_order(
    const float *items, int64_t count, int64_t e, const float *query, vector *sums) {
  int64_t whole = e / lanes * lanes;
  part rest = part_of(e - whole);
  UNROLL for (int i = 0; i < lanes; i += 2) {
    const float *rows[] = {ROW(i), ROW(i + 1)};
    vector even[] = {0, 0}, odd[] = {0, 0}, q, x;
#define TAKE(sum, at) \
  LOAD(q, query + (at)); \
  UNROLL for (int j = 0; j < 2; j++) { \
    LOAD(x, rows[j] + (at)); \
    sum[j] = MULTIPLY_ADD(x, q, sum[j]); \
  }
    int64_t p = 0;
    ROLLED for (; p + 2 * lanes <= whole; p += 2 * lanes) { TAKE(even, p) TAKE(odd, p + lanes) }
    if (p < whole) { TAKE(even, p) }
    if (whole < e) {
      q = load_part(query + whole, rest);
      UNROLL for (int j = 0; j < 2; j++)
        odd[j] = MULTIPLY_ADD(load_part(rows[j] + whole, rest), q, odd[j]);
    }
    UNROLL for (int j = 0; j < 2; j++) sums[i + j] = even[j] + odd[j];
  }
}

// As many items at a time as a vector has lanes, the table streaming from memory.
static void stream(
    const struct top_request *r, int64_t first, int64_t last, const float *query,
    struct top_scores *top) {
  struct queries queries = {.count = 1, .tops = top};
  queries.threshold[0] = top->count < top->capacity ? __builtin_nanf("") : top->scores[0];
  bool is_in_order = sizeof(float) * (double)r->n * (double)r->e >= in_order_from;
  for (; first < last; first += lanes) {
    int64_t count = last - first < lanes ? last - first : lanes;
    const float *items = r->items + first * r->e;
    vector sums[lanes];
    if (is_in_order)
      sums_in_order(items, count, r->e, query, sums);
    else if (count == lanes)
      sums_side_by_side(items, lanes, r->e, query, sums);
    else
      sums_side_by_side(items, count, r->e, query, sums);
    vector scores = sums_of(sums);
    if (r->bias) scores += load_part(r->bias + first, part_of(count));
    unsigned hits = past(scores, queries.threshold[0]) & (unsigned)((1 << count) - 1);
    if (__builtin_expect(hits == 0, 1)) continue;
    float kept[lanes];
    STORE(kept, scores);
    for (; hits; hits &= hits - 1) {
      int lane = __builtin_ctz(hits);
      note(&queries, 0, kept[lane], first + lane);
    }
  }
}

static void score(
    const struct top_request *r, int64_t first, int64_t last, struct top_scores *tops, int64_t b,
    const float *query, float *packed) {
  int64_t e = r->e;
  // Items of a block stay in the first cache from one query, or one tile's queries, to the next.
  int64_t block = 48 * (1 + 128 / (e + 1));
  if (b < 4) {
    if (b == 1) block = last - first;
    for (; first < last; first += block) {
      int64_t end = last - first < block ? last : first + block;
      for (int64_t i = 0; i < b; i++) stream(r, first, end, query + i * e, &tops[i]);
    }
    return;
  }
  // Groups of queries, each as wide as a tile may be.
  enum { group = most_queries * lanes };
  int64_t vectors = (b + lanes - 1) / lanes;
  struct queries queries = {.count = b, .tops = tops};
  for (int64_t i = 0; i < lanes * vectors; i++) {
    queries.threshold[i] = i < b ? __builtin_nanf("") : __builtin_inff();
    int64_t start = i / group * group;
    int64_t columns = lanes * vectors - start < group ? lanes * vectors - start : group;
    for (int64_t p = 0; p < e; p++)
      packed[start * e + p * columns + i - start] = i < b ? query[i * e + p] : 0;
  }
  if (vectors <= most_queries) block = last - first;
  for (; first < last; first += block) {
    int64_t end = last - first < block ? last : first + block;
    for (int64_t v = 0; v < vectors; v += most_queries) {
      const float *own = packed + v * lanes * e;
      switch (vectors - v) {
      case 1: band_1(r, first, end, own, &queries, v * lanes); break;
      case 2: band_2(r, first, end, own, &queries, v * lanes); break;
      case 3: band_3(r, first, end, own, &queries, v * lanes); break;
      default:
        if (most_queries == 3)
          band_3(r, first, end, own, &queries, v * lanes);
        else
          band_4(r, first, end, own, &queries, v * lanes);
      }
    }
  }
}

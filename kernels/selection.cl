// The k best of the scores [b, n], which linear_backward_input has laid out as query . items.

bool is_allowed(const __global uint *allowed, int present, int i) {
  return !present || (allowed[i / 32] >> (i % 32) & 1u);
}
// Bias added, NaN ranked lowest.
float ranked_score(float score, float bias) {
  const float sum = score + bias;
  return isnan(sum) ? -INFINITY : sum;
}
bool ranks_before(float a, int i, float b, int j) { return a > b || (a == b && i < j); }

// index[b, k], best[b, k]: highest first, of equals the lower index; -1 and -infinity where fewer
// than k are allowed. A work-group a row. The GPU form takes k passes, each the best after the
// last; the CPU form one pass over a sorted list in the output, so k is meant to be small.
GROUPED top_k(
    OUT(int, index), OUT(float, best), IN(float, scores), IN(float, bias), IN(uint, allowed), int b,
    int n, int k) {
  AT(index), AT(best), AT(scores), AT(bias), AT(allowed);
  const int row = (int)get_group_id(0);
  if (row >= b) return;
  __global int *to_index = index + (size_t)row * k;
  __global float *to_best = best + (size_t)row * k;
  const __global float *from = scores + (size_t)row * n;
  const int masked = PRESENT(allowed), biased = PRESENT(bias);
  const __global uint *words = masked ? allowed + (size_t)row * ((n + 31) / 32) : allowed;
#ifdef CPU_FORM
  int held = 0;
  for (int first = 0; first < n; first += VEC) {
    const int width = min(VEC, n - first);
    if (held == k && width == VEC) {
      float16 block = vload16(0, from + first);
      if (biased) block += vload16(0, bias + first);
      if (!any(block > to_best[k - 1])) continue;
    }
    for (int i = first; i < first + width; ++i) {
      const float score = ranked_score(from[i], biased ? bias[i] : 0.0f);
      if (held == k && !(score > to_best[k - 1])) continue;
      if (!is_allowed(words, masked, i)) continue;
      int at = held < k ? held++ : k - 1;
      for (; at > 0 && score > to_best[at - 1]; --at) {
        to_best[at] = to_best[at - 1];
        to_index[at] = to_index[at - 1];
      }
      to_best[at] = score;
      to_index[at] = i;
    }
  }
  for (; held < k; ++held) {
    to_best[held] = -INFINITY;
    to_index[held] = -1;
  }
#else
  __local float top[GROUP];
  __local int top_index[GROUP];
  const int me = (int)get_local_id(0);
  float last = INFINITY;
  int last_index = -1;
  for (int pass = 0; pass < k; ++pass) {
    float mine = -INFINITY;
    int my_index = INT_MAX;
    FOR_GROUP(i, n) {
      const float score = ranked_score(from[i], biased ? bias[i] : 0.0f);
      if (ranks_before(last, last_index, score, i) && ranks_before(score, i, mine, my_index) &&
          is_allowed(words, masked, i)) {
        mine = score;
        my_index = i;
      }
    }
    top[me] = mine;
    top_index[me] = my_index;
    for (int half_size = GROUP / 2; half_size > 0; half_size /= 2) {
      barrier(CLK_LOCAL_MEM_FENCE);
      if (me < half_size && ranks_before(top[me + half_size], top_index[me + half_size], top[me],
                                         top_index[me])) {
        top[me] = top[me + half_size];
        top_index[me] = top_index[me + half_size];
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    last = top[0];
    last_index = top_index[0];
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me == 0) {
      to_best[pass] = last;
      to_index[pass] = last_index == INT_MAX ? -1 : last_index;
    }
  }
#endif
}

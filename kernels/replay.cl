// The rings of a replay memory, and the sum tree of its priorities (Schaul et al. 2016): node 1 is
// the root, node i has children 2i and 2i + 1, leaf j is node capacity + j.

// Row slot[i] of every ring = transition i, transition[b, 1 + 2s] = [slot, state, nextState].
// A row of work-groups is a transition of 2s + a + 2 elements. Slots are distinct.
ELEMENTS replay_append(
    OUT(int, states), OUT(int, next_states), OUT(float, actions), OUT(float, outcomes),
    IN(int, transition), IN(float, action), IN(float, outcome), int capacity, int s, int a, int b) {
  AT(states), AT(next_states), AT(actions), AT(outcomes);
  AT(transition), AT(action), AT(outcome);
  const int i = ROW_OF(2 * s + a + 2);
  if (i >= b) return;
  const __global int *from = transition + (size_t)i * (1 + 2 * s);
  const int slot = from[0];
  if (slot < 0 || slot >= capacity) return;
  FOR_ROW_ELEMENTS(j, 2 * s + a + 2) {
    const int k = j - 2 * s;
    if (j < s) states[(size_t)slot * s + j] = from[1 + j];
    else if (k < 0) next_states[(size_t)slot * s + j - s] = from[1 + j];
    else if (k < a) actions[(size_t)slot * a + k] = action[(size_t)i * a + k];
    else outcomes[(size_t)slot * 2 + k - a] = outcome[i * 2 + k - a];
  }
}

// Transition index[i] of every ring = row i of the batch. Work-groups as above.
ELEMENTS replay_gather(
    OUT(int, states), OUT(int, next_states), OUT(float, actions), OUT(float, outcomes),
    IN(int, ring_states), IN(int, ring_next_states), IN(float, ring_actions),
    IN(float, ring_outcomes), IN(int, index), int capacity, int s, int a, int b) {
  AT(states), AT(next_states), AT(actions), AT(outcomes);
  AT(ring_states), AT(ring_next_states), AT(ring_actions), AT(ring_outcomes), AT(index);
  const int i = ROW_OF(2 * s + a + 2);
  if (i >= b) return;
  const int slot = clamp(index[i], 0, capacity - 1);
  FOR_ROW_ELEMENTS(j, 2 * s + a + 2) {
    const int k = j - 2 * s;
    if (j < s) states[(size_t)i * s + j] = ring_states[(size_t)slot * s + j];
    else if (k < 0) next_states[(size_t)i * s + j - s] = ring_next_states[(size_t)slot * s + j - s];
    else if (k < a) actions[(size_t)i * a + k] = ring_actions[(size_t)slot * a + k];
    else outcomes[(size_t)i * 2 + k - a] = ring_outcomes[(size_t)slot * 2 + k - a];
  }
}

// Leaf leaves[i * stride] = values[i] (values[0] for all where `shared`), the last value where a leaf
// repeats; then each level above is summed again, levels apart by a barrier, so that items which
// meet in a node write the same sum. In the GPU form a leaf itself finds its last writer: it holds
// the largest WRITER for a moment, whose bits no value >= 0 has. One work-group.
#define IS_LEAF(leaf) ((leaf) >= 0 && (leaf) < capacity)
#define WRITER(i) (INT_MIN + 1 + (i))
GROUPED sum_tree_set(
    OUT(float, tree), IN(int, leaves), IN(float, values), int capacity, int stride, int b,
    int shared) {
  AT(tree), AT(leaves), AT(values);
#ifdef CPU_FORM
  for (int i = 0; i < b; ++i) {
    const int leaf = leaves[(size_t)i * stride];
    if (IS_LEAF(leaf)) tree[capacity + leaf] = values[shared ? 0 : i];
  }
#else
  volatile __global int *writers = (volatile __global int *)tree;
  FOR_GROUP(i, b) {
    const int leaf = leaves[(size_t)i * stride];
    if (IS_LEAF(leaf)) writers[capacity + leaf] = INT_MIN;
  }
  SYNC();
  FOR_GROUP(i, b) {
    const int leaf = leaves[(size_t)i * stride];
    if (IS_LEAF(leaf)) atomic_max(writers + capacity + leaf, WRITER(i));
  }
  SYNC();
  FOR_GROUP(i, b) {
    const int leaf = leaves[(size_t)i * stride];
    if (IS_LEAF(leaf) && writers[capacity + leaf] == WRITER(i))
      tree[capacity + leaf] = values[shared ? 0 : i];
  }
#endif
  for (int level = 1; capacity >> level > 0; ++level) {
    SYNC();
    int done = 0;  // Sorted leaves, as they are drawn, meet in runs.
    FOR_GROUP(i, b) {
      const int leaf = leaves[(size_t)i * stride];
      const int node = (capacity + leaf) >> level;
      if (!IS_LEAF(leaf) || node == done) continue;
      tree[node] = tree[2 * node] + tree[2 * node + 1];
      done = node;
    }
  }
}

// index_i = the leaf where the prefix sum passes (i + uniform_i) * total / b, at most filled - 1;
// weights_i = (filled * p_i / total)^-exponent over the largest of the batch. An item goes down the
// tree with VEC draws side by side, so that their loads overlap. One work-group.
GROUPED sum_tree_sample(
    OUT(int, index), OUT(float, weights), IN(float, tree), int capacity, int filled, int b,
    float exponent, uint2 key, uint2 counter) {
  AT(index), AT(weights), AT(tree);
  TREE;
  const float total = tree[1];
  FOR_GROUP(group, (b + VEC - 1) / VEC) {
    const int first = group * VEC, draws = min(VEC, b - first);
    float target[VEC], priority[VEC];
    int node[VEC];
    for (int l = 0; l < VEC; ++l) {
      const int i = first + l;
      target[l] = ((float)i + philox_unit(key, counter, (uint)i)) * total / (float)b;
      node[l] = 1;
    }
    for (int level = 1; level < capacity; level *= 2)
      for (int l = 0; l < VEC; ++l) {
        const float left = tree[2 * node[l]];
        const bool right = target[l] >= left;
        target[l] -= right ? left : 0.0f;
        node[l] = 2 * node[l] + (right ? 1 : 0);
      }
    for (int l = 0; l < VEC; ++l) {
      const int leaf = min(node[l] - capacity, filled - 1);
      priority[l] = tree[capacity + leaf];
      if (l < draws) index[first + l] = leaf;
    }
#ifdef CPU_FORM
    const vec share = (float)filled * vload16(0, priority) / total;
#else
    const vec share = (float)filled * priority[0] / total;
#endif
    store_vec(pow(share, (vec)(-exponent)), weights + first, draws);
  }
  float largest;
  MAXIMUM(largest, i, b, weights[i]);
  FOR_GROUP(i, b) weights[i] /= largest;
}

// priorities_i = (|prediction_i - target_i| + offset)^exponent; maximum[0] grows to the largest.
GROUPED prioritize(
    OUT(float, priorities), OUT(float, maximum), IN(float, prediction), IN(float, target), int b,
    float exponent, float offset) {
  AT(priorities), AT(maximum), AT(prediction), AT(target);
  TREE;
  FOR_GROUP(i, b) priorities[i] = pow(fabs(prediction[i] - target[i]) + offset, exponent);
  float largest;
  MAXIMUM(largest, i, b, priorities[i]);
  if (get_local_id(0) == 0) maximum[0] = fmax(maximum[0], largest);
}

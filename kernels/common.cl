// Prefixed to every program. Two forms of each kernel come from one text or two:
// the GPU form has one element an item and trees over GROUP items, the CPU form (CPU_FORM) has
// work-groups of one item that walk a block with float16 vectors and meet no barrier.
// BLOCK and GROUP come from the host, which also sizes the launches by them.
#ifndef GROUP
#define GROUP 256
#endif
#ifndef BLOCK
#define BLOCK 1
#endif

// No contraction: a * b + c rounds twice, as on the host. the products ask for fma themselves.
#pragma OPENCL FP_CONTRACT OFF

// A view is a buffer and the index of its first element; -1 marks an absent one.
#define OUT(T, name) __global T *restrict name, const int name##_at
#define IN(T, name) const __global T *restrict name, const int name##_at
#define AT(name) name += name##_at
#define PRESENT(name) (name##_at >= 0)

// Whether `i` is a row of a table of `rows`. Whatever reads or writes memory where a number in
// memory says asks this, or clamps it, since nothing else on a device would stop a wrong one. What
// is no row is read as zeros, or as -1 where rows hold row numbers, and never written. The host's
// arrays are checked alike, and there a number past the end, which no file can bring in, stops the
// program: it is a programmer's mistake.
#define IS_ROW(i, rows) ((uint)(i) < (uint)(rows))

#ifdef CPU_FORM
#define VEC 16
typedef float16 vec;
#define FLAT_ITEMS 1
#define ELEMENTS __kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
#define GROUPED ELEMENTS
#define SYNC()
#else
#define VEC 1
typedef float vec;
#define FLAT_ITEMS 128
#define ELEMENTS __kernel __attribute__((reqd_work_group_size(FLAT_ITEMS, 1, 1))) void
#define GROUPED __kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void
#define SYNC() barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#endif

// The part of `count` elements that is this item's, in vectors of `width` <= VEC elements.
#define VECTORS_OF(item, i, width, count)                                                 \
  for (int i = (item) * BLOCK, i##_end = min(count, i + BLOCK), width;                    \
       i < i##_end && (width = min(VEC, i##_end - i)) > 0; i += VEC)
#define ELEMENTS_OF(item, i, count)                                                       \
  for (int i = (item) * BLOCK, i##_end = min(count, i + BLOCK); i < i##_end; ++i)
#define FOR_VECTORS(i, width, count) VECTORS_OF((int)get_global_id(0), i, width, count)
#define FOR_ELEMENTS(i, count) ELEMENTS_OF((int)get_global_id(0), i, count)
// The same of the `count` columns of a row. The work-groups of a row come one after another: rows are
// in dimension 0 too, as the others end at 65,535 work-groups on NVIDIA's devices.
#define ACROSS(count) (((count) + FLAT_ITEMS * BLOCK - 1) / (FLAT_ITEMS * BLOCK))
#define ROW_OF(count) ((int)get_group_id(0) / ACROSS(count))
#define ITEM_OF(count) ((int)get_group_id(0) % ACROSS(count) * FLAT_ITEMS + (int)get_local_id(0))
#define FOR_ROW_VECTORS(i, width, count) VECTORS_OF(ITEM_OF(count), i, width, count)
#define FOR_ROW_ELEMENTS(i, count) ELEMENTS_OF(ITEM_OF(count), i, count)
// This item's share of a loop that its whole work-group does.
#define FOR_GROUP(i, count) for (int i = (int)get_local_id(0); i < (count); i += GROUP)

// The larger; NaN where there is one.
float larger(float a, float b) { return b > a || isnan(b) ? b : a; }

#ifdef CPU_FORM
vec load_vec(const __global float *p, int width) {
  if (width == VEC) return vload16(0, p);
  float lane[VEC];
  for (int l = 0; l < VEC; ++l) lane[l] = l < width ? p[l] : 0.0f;
  return vload16(0, lane);
}
void store_vec(vec v, __global float *p, int width) {
  if (width == VEC) {
    vstore16(v, 0, p);
    return;
  }
  float lane[VEC];
  vstore16(v, 0, lane);
  for (int l = 0; l < width; ++l) p[l] = lane[l];
}
// v where the lane is below `width`, else 0.
vec first_lanes(vec v, int width) {
  const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return select((vec)(0.0f), v, lane < width);
}
float sum_lanes(float16 v) {
  const float8 a = v.lo + v.hi;
  const float4 b = a.lo + a.hi;
  const float2 c = b.lo + b.hi;
  return c.x + c.y;
}
float larger_lanes(float16 v) {
  float lane[VEC];
  vstore16(v, 0, lane);
  for (int l = 1; l < VEC; ++l) lane[0] = larger(lane[0], lane[l]);
  return lane[0];
}
#else
vec load_vec(const __global float *p, int width) { return *p; }
void store_vec(vec v, __global float *p, int width) { *p = v; }
float sum_lanes(vec v) { return v; }
#endif

// Fixed trees: `total` becomes the sum or the largest of `term` over i < count, for every item of
// the group. The order of the additions depends on `count` alone. In the GPU form there are
// barriers inside: the kernel declares TREE and uses them outside any branch.
#ifdef CPU_FORM
#define TREE
#define REDUCE(total, i, count, term, start, join, lanes)                                 \
  {                                                                                       \
    float lane_[VEC];                                                                     \
    int base_ = 0;                                                                        \
    for (int l_ = 0; l_ < VEC; ++l_) lane_[l_] = start;                                   \
    for (; base_ + VEC <= (count); base_ += VEC)                                          \
      for (int l_ = 0; l_ < VEC; ++l_) {                                                  \
        const int i = base_ + l_;                                                         \
        lane_[l_] = join(lane_[l_], (term));                                              \
      }                                                                                   \
    for (int i = base_; i < (count); ++i)                                                 \
      lane_[i - base_] = join(lane_[i - base_], (term));                                  \
    total = lanes(vload16(0, lane_));                                                     \
  }
#else
#define TREE __local float tree_[GROUP]
#define REDUCE(total, i, count, term, start, join, lanes)                                 \
  {                                                                                       \
    const int me_ = (int)get_local_id(0);                                                 \
    float part_ = start;                                                                  \
    FOR_GROUP(i, count) part_ = join(part_, (term));                                      \
    barrier(CLK_LOCAL_MEM_FENCE);                                                         \
    tree_[me_] = part_;                                                                   \
    for (int half_ = GROUP / 2; half_ > 0; half_ /= 2) {                                  \
      barrier(CLK_LOCAL_MEM_FENCE);                                                       \
      if (me_ < half_) tree_[me_] = join(tree_[me_], tree_[me_ + half_]);                 \
    }                                                                                     \
    barrier(CLK_LOCAL_MEM_FENCE);                                                         \
    total = tree_[0];                                                                     \
  }
#endif
#define ADD(a, b) ((a) + (b))
#define SUM(total, i, count, term) REDUCE(total, i, count, term, 0.0f, ADD, sum_lanes)
#define MAXIMUM(total, i, count, term) \
  REDUCE(total, i, count, term, -INFINITY, larger, larger_lanes)

// The order of Activation in Linear.swift. NaN passes through ReLU.
#define DEFINE_ACTIVATION(T, forward, backward)                                           \
  T forward(T z, int kind) {                                                              \
    if (kind == 1) return select(z, (T)(0.0f), z < (T)(0.0f));                            \
    if (kind == 2) return tanh(z);                                                        \
    if (kind == 3) return (T)(1.0f) / ((T)(1.0f) + exp(-z));                              \
    return z;                                                                             \
  }                                                                                       \
  T backward(T dy, T y, int kind) {                                                       \
    if (kind == 1) return select((T)(0.0f), dy, y > (T)(0.0f));                           \
    if (kind == 2) return dy * ((T)(1.0f) - y * y);                                       \
    if (kind == 3) return dy * y * ((T)(1.0f) - y);                                       \
    return dy;                                                                            \
  }
DEFINE_ACTIVATION(float, activate, activation_gradient)
#ifdef CPU_FORM
DEFINE_ACTIVATION(float16, activate16, activation_gradient16)
#endif

// Philox4x32-10 (Salmon et al. 2011): block `i` of the draw `counter` under `key`. 64-bit
// products, since mul_hi made a draw take 26 ns on PoCL, against 3.
uint4 philox(uint2 key, uint2 counter, uint i) {
  uint a = counter.x, b = counter.y, c = i, d = 0u, k0 = key.x, k1 = key.y;
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const ulong first = (ulong)a * 0xD2511F53u, second = (ulong)c * 0xCD9E8D57u;
    a = (uint)(second >> 32) ^ b ^ k0;
    b = (uint)second;
    c = (uint)(first >> 32) ^ d ^ k1;
    d = (uint)first;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return (uint4)(a, b, c, d);
}
// 24 bits in [0, 1), exact.
float unit(uint word) { return (float)(word >> 8) * 0x1p-24f; }
float philox_unit(uint2 key, uint2 counter, uint j) {
  const uint4 block = philox(key, counter, j / 4);
  const uint word = j % 4;
  return unit(word == 0 ? block.x : word == 1 ? block.y : word == 2 ? block.z : block.w);
}

// What the kernels of networks of dense layers share.

// A layer of a network of dense layers is eight integers: weights at, bias at, inputs, outputs,
// activation, width of the side input, columns of the outputs before, 0.
#define LAYER_WEIGHT(l) l.s0
#define LAYER_BIAS(l) l.s1
#define LAYER_INPUTS(l) l.s2
#define LAYER_OUTPUTS(l) l.s3
#define LAYER_ACTIVATION(l) l.s4
#define LAYER_SIDE(l) l.s5
#define LAYER_FIRST(l) l.s6
#define LAYER_ARGUMENTS \
  int8 l0, int8 l1, int8 l2, int8 l3, int8 l4, int8 l5, int8 l6, int8 l7, int count
// Layer l. Selects and no array, which AMD's compilers put into memory when l is known at run time.
#define LAYER(l) layer_at(l, l0, l1, l2, l3, l4, l5, l6, l7)
int8 layer_at(
    int l, int8 l0, int8 l1, int8 l2, int8 l3, int8 l4, int8 l5, int8 l6, int8 l7) {
  const int8 low = l < 2 ? (l < 1 ? l0 : l1) : (l < 3 ? l2 : l3);
  const int8 high = l < 6 ? (l < 5 ? l4 : l5) : (l < 7 ? l6 : l7);
  return l < 4 ? low : high;
}

#ifdef CPU_FORM
// An item does 8 rows through all layers.
#define ROWS 8
#else
// A work-group of 256 items does 4 rows through all layers: each item the 4 results of a column over
// a quarter of the inner dimension, INNER of it at a time. Few rows a group leave many groups at a
// batch of 64.
#define ROWS 4
#define COLUMNS 64
#define SLICES 4
#define INNER 256
#if GROUP != COLUMNS * SLICES || INNER != GROUP
#error a work-group has an item for each column of a slice and for each row of INNER
#endif

// Adds the quarters of a sum up in their order. An item then holds row `slice`, column `c`.
float sum_slices(__local float *part, const float *sum, int slice, int c) {
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int r = 0; r < ROWS; ++r) part[(slice * ROWS + r) * COLUMNS + c] = sum[r];
  barrier(CLK_LOCAL_MEM_FENCE);
  float total = 0.0f;
  for (int s = 0; s < SLICES; ++s) total += part[(s * ROWS + slice) * COLUMNS + c];
  return total;
}
#endif

// A recurrent layer over a whole sequence, batch first. `gates` is [batch, steps, gate * units] and
// begins as x . w + b of the input; `beside`, [batch, steps, units], is behind it: an LSTM's cells, or
// h . w_n + b_n of a GRU. A state row is h, then an LSTM's cell. Order of gates: i f g o; r z n.
// Sums run in index order, on the way back and in the GPU form in slices.
#pragma OPENCL FP_CONTRACT ON

#define LSTM 4
#define STATE(units, gate) ((gate) == LSTM ? 2 * (units) : (units))
#define LENGTH(row) (PRESENT(lengths) ? clamp(lengths[row], 0, steps) : steps)
// Steps of the longest of rows row ..< row + rows.
#define LONGEST(total, row, rows)                                     \
  int total = PRESENT(lengths) ? 0 : steps;                           \
  for (int i_ = 0; i_ < rows && PRESENT(lengths); ++i_)               \
    total = min(max(total, lengths[row + i_]), steps)

// out[gate * units, units] = transpose(w[units, gate * units]); a group does 16 rows of out.
GROUPED recurrent_transpose(OUT(float, out), IN(float, w), int units, int n) {
  AT(out), AT(w);
  const int first = (int)get_group_id(0) * 16;
  FOR_GROUP(t, units * 16) {
    const int q = first + t % 16, j = t / 16;
    if (q < n) out[(size_t)q * units + j] = w[(size_t)j * n + q];
  }
}

#include "registers.h"

#include <stddef.h>

const struct registers *host_registers(int level) {
#if defined(__x86_64__)
  return level >= 4 ? &avx512_registers : level == 3 ? &avx2_registers : NULL;
#elif defined(__aarch64__)
  (void)level;
  return &neon_registers;
#else
  (void)level;
  return NULL;
#endif
}

const struct registers *scoring_registers(int level, int64_t b) {
#if defined(__x86_64__)
  // A vector of 64 bytes that crosses a line, as those of most rows do, is read in two by AMD's
  // cores; that is repaid where many queries share what was read.
  __builtin_cpu_init();
  if (level >= 4 && b <= 16 && __builtin_cpu_is("amd")) level = 3;
#endif
  (void)b;
  return host_registers(level);
}

bool tiles_product(const struct blas_library *library, const struct dense_product *product) {
  const struct registers *registers = host_registers(library->vector_level);
  if (!registers) return false;
  registers->product(product);
  return true;
}

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

bool tiles_product(const struct blas_library *library, const struct dense_product *product) {
  const struct registers *registers = host_registers(library->vector_level);
  if (!registers) return false;
  registers->product(product);
  return true;
}

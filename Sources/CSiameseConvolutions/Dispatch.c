// The functions of the interface, which the kernels' headers define here, and what they ask of the processor.

#define SIAMESE_DISPATCH
#include "include/CSiameseConvolutions.h"

siamese_level siamese_best_level(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return siamese_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return siamese_avx2;
#endif
  return siamese_portable;
}

int siamese_takes_bfloat16(siamese_level level) {
#if defined(__x86_64__)
  if (level == siamese_avx512) return __builtin_cpu_supports("avx512bf16") != 0;
#endif
  return level <= siamese_best_level();
}

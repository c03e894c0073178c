#include "CSiameseOneDNN.h"

#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Swift can neither compile one function for another instruction set than the rest, nor name these instructions.

enum { accumulators = 14, repetitions = 4096 };

// So that the sums stay in registers.
#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 32")
#endif

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static volatile float sink;

#if defined(__x86_64__)

__attribute__((target("avx512f"))) static double wide(void) {
  __m512 sums[accumulators];
  const __m512 factor = _mm512_set1_ps(0.999f), term = _mm512_set1_ps(0.001f);
  for (int i = 0; i < accumulators; i++) sums[i] = _mm512_set1_ps((float)i);
  for (int r = 0; r < repetitions; r++)
    UNROLLED for (int i = 0; i < accumulators; i++) sums[i] = _mm512_fmadd_ps(sums[i], factor, term);
  for (int i = 1; i < accumulators; i++) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  sink = _mm512_reduce_add_ps(sums[0]);
  return 2.0 * 16 * accumulators * repetitions;
}

__attribute__((target("avx2,fma"))) static double narrow(void) {
  __m256 sums[accumulators];
  const __m256 factor = _mm256_set1_ps(0.999f), term = _mm256_set1_ps(0.001f);
  for (int i = 0; i < accumulators; i++) sums[i] = _mm256_set1_ps((float)i);
  for (int r = 0; r < repetitions; r++)
    UNROLLED for (int i = 0; i < accumulators; i++) sums[i] = _mm256_fmadd_ps(sums[i], factor, term);
  for (int i = 1; i < accumulators; i++) sums[0] = _mm256_add_ps(sums[0], sums[i]);
  sink = _mm256_cvtss_f32(sums[0]);
  return 2.0 * 8 * accumulators * repetitions;
}

__attribute__((target("avx512f,avx512bf16"))) static double bfloat16_products(void) {
  __m512 sums[accumulators];
  const __m512bh factor = (__m512bh)_mm512_set1_epi32(0x3C003C00);
  for (int i = 0; i < accumulators; i++) sums[i] = _mm512_set1_ps((float)i);
  for (int r = 0; r < repetitions; r++)
    UNROLLED for (int i = 0; i < accumulators; i++) sums[i] = _mm512_dpbf16_ps(sums[i], factor, factor);
  for (int i = 1; i < accumulators; i++) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  sink = _mm512_reduce_add_ps(sums[0]);
  return 2.0 * 32 * accumulators * repetitions;
}

#endif

/// In registers of 4 floats, which every processor of the architectures in use has.
typedef float four __attribute__((vector_size(16)));

static double plain(void) {
  four sums[accumulators];
  for (int i = 0; i < accumulators; i++) sums[i] = (four){0} + (float)i;
  for (int r = 0; r < repetitions; r++)
    UNROLLED for (int i = 0; i < accumulators; i++) sums[i] = sums[i] * 0.999f + 0.001f;
  for (int i = 1; i < accumulators; i++) sums[0] += sums[i];
  sink = sums[0][0];
  return 2.0 * 4 * accumulators * repetitions;
}

double siamese_peak_operations(int bfloat16, double seconds) {
  double (*kernel)(void) = plain;
  if (bfloat16 && !siamese_has_bfloat16()) return 0;
#if defined(__x86_64__)
  int level = siamese_level_in_force();
  kernel = bfloat16 ? bfloat16_products : level == 2 ? wide : level == 1 ? narrow : plain;
#endif
  // The best of many short runs: the core may be slow at first, and shared now and then.
  double best = 0, start = now();
  do {
    double begin = now(), operations = 0;
    for (int i = 0; i < 50; i++) operations += kernel();
    double rate = operations / (now() - begin);
    if (rate > best) best = rate;
  } while (now() - start < seconds);
  return best;
}

#include "CSiameseKernels.h"
#include <string.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#if defined(__x86_64__) && defined(__ELF__)
#define FOR_EVERY_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EVERY_PROCESSOR
#endif

// Cephes' expf: x = n ln 2 + r, |r| <= ln 2 / 2, e^x = 2^n P(r).
static inline __attribute__((always_inline)) float exponential(float x) {
  x = x < -87 ? -87 : x;
  x = x > 88 ? 88 : x;
  // Adding 1.5 * 2^23 rounds to the nearest whole number and leaves it in the low bits.
  const float magic = 12582912;
  float shifted = x * 1.44269504f + magic;
  float whole = shifted - magic;
  int bits;
  memcpy(&bits, &shifted, sizeof bits);
  float r = x - whole * 0.693359375f - whole * -2.12194440e-4f;
  float p = r * 1.98756915e-4f + 1.39819995e-3f;
  p = p * r + 8.33345191e-3f;
  p = p * r + 4.16657959e-2f;
  p = p * r + 1.66666655e-1f;
  p = p * r + 5.00000012e-1f;
  int power = (int)((unsigned)(bits - 0x4B400000 + 127) << 23);
  float scale;
  memcpy(&scale, &power, sizeof scale);
  return (p * (r * r) + r + 1) * scale;
}

FOR_EVERY_PROCESSOR void siamese_exponentials(float *values, size_t count) {
  for (size_t i = 0; i < count; i++) values[i] = exponential(values[i]);
}

FOR_EVERY_PROCESSOR void siamese_radial_basis(float *products, size_t count, float gamma, float squared_norm,
                                              const float *squared_norms) {
  for (size_t i = 0; i < count; i++) {
    float argument = (products[i] * 2 - squared_norms[i] - squared_norm) * gamma;
    products[i] = exponential(argument > 0 ? 0 : argument);
  }
}

FOR_EVERY_PROCESSOR void siamese_add_rows(const float *const *rows, const double *factors, size_t row_count, size_t offset,
                                          double *restrict target, size_t count) {
  size_t row = 0;
  for (; row + 4 <= row_count; row += 4) {
    const float *a = rows[row] + offset, *b = rows[row + 1] + offset;
    const float *c = rows[row + 2] + offset, *d = rows[row + 3] + offset;
    double fa = factors[row], fb = factors[row + 1], fc = factors[row + 2], fd = factors[row + 3];
    for (size_t i = 0; i < count; i++) target[i] += (fa * a[i] + fb * b[i]) + (fc * c[i] + fd * d[i]);
  }
  for (; row < row_count; row++) {
    const float *a = rows[row] + offset;
    double factor = factors[row];
    for (size_t i = 0; i < count; i++) target[i] += factor * a[i];
  }
}

void siamese_keep_heap_small(void) {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 2 << 20);
  mallopt(M_TRIM_THRESHOLD, 4 << 20);
  mallopt(M_ARENA_MAX, 1);
#endif
}

void siamese_trim_heap(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

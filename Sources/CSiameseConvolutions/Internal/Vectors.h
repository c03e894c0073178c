#include "../include/Function.h"
#include "VectorTypes.h"

// What is done to vectors, a copy for each kernel: VectorTypes.h says why.

#ifndef SIAMESE_KERNEL
#error "SIAMESE_KERNEL is to be the kernel's name"
#endif

#define load(...) OWN(load)(__VA_ARGS__)
#define store(...) OWN(store)(__VA_ARGS__)
#define at_least(...) OWN(at_least)(__VA_ARGS__)
#define at_most(...) OWN(at_most)(__VA_ARGS__)
#define square_root(...) OWN(square_root)(__VA_ARGS__)
#define silu(...) OWN(silu)(__VA_ARGS__)
#define gelu(...) OWN(gelu)(__VA_ARGS__)
#define apply(...) OWN(apply)(__VA_ARGS__)

/// Reads sixteen elements, `offset` elements from the start.
INLINE void load(const void *from, size_t offset, int is_bfloat16, vector *to) {
  if (is_bfloat16) {
    words wide = __builtin_convertvector(*(const unaligned_bfloat16s *)((const uint16_t *)from + offset), words) << 16;
    *to = (vector)wide;
  } else {
    *to = *(const unaligned_vector *)((const float *)from + offset);
  }
}

/// Writes sixteen elements; to bfloat16 it rounds to the nearest, ties to even.
INLINE void store(void *to, size_t offset, int is_bfloat16, vector value) {
  if (is_bfloat16) {
#if SIAMESE_LEVEL == LEVEL_AVX512
    _mm256_storeu_si256((__m256i *)((uint16_t *)to + offset), (__m256i)_mm512_cvtneps_pbh((__m512)value));
#else
    words bits = (words)value;
    bits += 0x7FFF + ((bits >> 16) & 1);
    *(unaligned_bfloat16s *)((uint16_t *)to + offset) = __builtin_convertvector(bits >> 16, bfloat16s);
#endif
  } else {
    *(unaligned_vector *)((float *)to + offset) = value;
  }
}

// The larger and the smaller of two numbers, such that a NaN in `x` stays: where either number is NaN, the processor's
// instructions give their second operand.

INLINE vector at_least(vector x, vector low) {
#if SIAMESE_LEVEL == LEVEL_AVX512
  return (vector)_mm512_max_ps((__m512)low, (__m512)x);
#elif SIAMESE_LEVEL == LEVEL_AVX2
  vector result;
  for (int i = 0; i < 2; i++) ((__m256 *)&result)[i] = _mm256_max_ps(((__m256 *)&low)[i], ((__m256 *)&x)[i]);
  return result;
#else
  words is_low = (words)(low > x);
  return (vector)(((words)low & is_low) | ((words)x & ~is_low));
#endif
}

INLINE vector at_most(vector x, vector high) {
#if SIAMESE_LEVEL == LEVEL_AVX512
  return (vector)_mm512_min_ps((__m512)high, (__m512)x);
#elif SIAMESE_LEVEL == LEVEL_AVX2
  vector result;
  for (int i = 0; i < 2; i++) ((__m256 *)&result)[i] = _mm256_min_ps(((__m256 *)&high)[i], ((__m256 *)&x)[i]);
  return result;
#else
  words is_high = (words)(high < x);
  return (vector)(((words)high & is_high) | ((words)x & ~is_high));
#endif
}

INLINE vector square_root(vector x) {
#if SIAMESE_LEVEL == LEVEL_AVX512
  return (vector)_mm512_sqrt_ps((__m512)x);
#elif SIAMESE_LEVEL == LEVEL_AVX2
  vector result;
  for (int i = 0; i < 2; i++) ((__m256 *)&result)[i] = _mm256_sqrt_ps(((__m256 *)&x)[i]);
  return result;
#else
  vector result;
  for (int i = 0; i < 16; i++) result[i] = __builtin_sqrtf(x[i]);
  return result;
#endif
}

/// x / (1 + e^-x). e^-x = 2^n 2^f with |f| <= 1/2; 2^f is a polynomial good to float's precision, or, for what becomes
/// a bfloat16, to 2^-12.
INLINE void silu(vector *values, int count, int is_bfloat16) {
  for (int i = 0; i < count; i++) {
    vector x = values[i];
    vector t = at_most(at_least(x * -1.44269504f, (vector){0} - 125), (vector){0} + 125);
    // Adding 1.5 * 2^23 rounds to the nearest whole number and leaves it in the low bits.
    vector shifted = t + 12582912.0f;
    vector f = t - (shifted - 12582912.0f);
    vector p;
    if (is_bfloat16) {
      p = f * 0.0558266f + 0.2401397f;
      p = p * f + 0.6931472f;
      p = p * f + 1.0f;
    } else {
      p = f * 1.5403530e-4f + 1.3333558e-3f;
      p = p * f + 9.6181291e-3f;
      p = p * f + 5.5504109e-2f;
      p = p * f + 2.4022651e-1f;
      p = p * f + 6.9314718e-1f;
      p = p * f + 1.0f;
    }
    vector power = (vector)((words)p + ((words)shifted << 23));
    values[i] = x / (power + 1.0f);
  }
}

/// x Φ(x) = max(x, 0) - a (1/2 - a r(a²)), where a = |x| and r is a polynomial: good to 5e-7, or, for what becomes a
/// bfloat16, to 3e-5.
INLINE void gelu(vector *values, int count, int is_bfloat16) {
  for (int i = 0; i < count; i++) {
    vector x = values[i], zero = {0};
    vector a = at_most(at_least(x, -x), zero + (is_bfloat16 ? 4.5f : 5.4f));
    vector u = a * a * (is_bfloat16 ? 2 / (4.5f * 4.5f) : 2 / (5.4f * 5.4f)) - 1, r;
    if (is_bfloat16) {
      r = u * -1.734406105e-03f + 4.816290922e-03f;
      r = r * u - 6.419317331e-03f;
      r = r * u + 9.892513976e-03f;
      r = r * u - 1.828459837e-02f;
      r = r * u + 2.873895876e-02f;
      r = r * u - 4.027697444e-02f;
      r = r * u + 5.465560779e-02f;
      r = r * u - 7.718387991e-02f;
      r = r * u + 1.569056362e-01f;
    } else {
      r = u * 3.515466815e-04f - 9.971166728e-04f;
      r = r * u + 9.995761793e-04f;
      r = r * u - 1.276213443e-03f;
      r = r * u + 3.513322445e-03f;
      r = r * u - 6.617098581e-03f;
      r = r * u + 9.734055959e-03f;
      r = r * u - 1.401428692e-02f;
      r = r * u + 1.962146163e-02f;
      r = r * u - 2.573378757e-02f;
      r = r * u + 3.211972862e-02f;
      r = r * u - 3.920814022e-02f;
      r = r * u + 4.849944264e-02f;
      r = r * u - 6.532801688e-02f;
      r = r * u + 1.309281141e-01f;
    }
    values[i] = at_least(x, zero) - a * (0.5f - a * r);
  }
}

/// Applies a function to `count` vectors. `kind` is `f.kind`; where callers pass a constant, compilers drop the other
/// kinds.
INLINE void apply(siamese_function f, siamese_function_kind kind, vector *values, int count, int is_bfloat16) {
  if (kind == siamese_silu) {
    silu(values, count, is_bfloat16);
  } else if (kind == siamese_gelu) {
    gelu(values, count, is_bfloat16);
  } else if (kind == siamese_hard_silu) {
    for (int i = 0; i < count; i++) {
      vector gate = values[i] * (1.0f / 6) + 0.5f;
      values[i] *= at_most(at_least(gate, (vector){0}), (vector){0} + 1);
    }
  } else {
    for (int i = 0; i < count; i++)
      values[i] = at_most(at_least(values[i], (vector){0} + f.low), (vector){0} + f.high);
  }
}

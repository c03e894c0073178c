#pragma once

/// An element-wise function of x.
typedef enum {
  /// `min(max(x, low), high)`: with the right bounds the identity, ReLU and ReLU6.
  siamese_limited,
  /// `x / (1 + e^−x)`, also called swish.
  siamese_silu,
  /// `x · min(max(x / 6 + 1/2, 0), 1)`.
  siamese_hard_silu,
  /// `x Φ(x)`, where Φ is the normal distribution's cumulative function.
  siamese_gelu
} siamese_function_kind;

/// A function and its bounds. NaN stays NaN under all of them.
typedef struct {
  siamese_function_kind kind;
  /// The bounds of `siamese_limited`, `low <= high`; −∞ and ∞ for the identity. Other kinds do not look at them.
  float low, high;
} siamese_function;

/// The instructions that a call may use. All levels take the same arrays and agree up to rounding.
typedef enum {
  /// Those that every processor of the architecture has.
  siamese_portable,
  /// AVX2 and FMA: registers of 8 floats.
  siamese_avx2,
  /// AVX-512 (F, BW, VL, DQ): registers of 16 floats.
  siamese_avx512
} siamese_level;

/// The highest level that this processor has. No function may be called with a higher one.
siamese_level siamese_best_level(void);

/// Whether functions take and make bfloat16 at a level of this processor: at `siamese_avx512` only where it has
/// AVX512_BF16 too; at the lower levels always, by instructions for whole numbers. Copying asks for no arithmetic and
/// works everywhere.
int siamese_takes_bfloat16(siamese_level level);

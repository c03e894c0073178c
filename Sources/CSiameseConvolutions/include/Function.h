#pragma once

/// An element-wise function: `siamese_limited` keeps its argument between two numbers.
typedef enum { siamese_limited, siamese_silu, siamese_hard_silu, siamese_gelu } siamese_function_kind;

typedef struct {
  siamese_function_kind kind;
  /// The two numbers; infinite for the identity.
  float low, high;
} siamese_function;

/// The instructions that a function may use: those of every processor of the architecture, AVX2 with FMA, or AVX-512 with
/// registers of 16 floats. All levels take the same arrays and agree up to rounding.
typedef enum { siamese_portable, siamese_avx2, siamese_avx512 } siamese_level;

/// The highest level that this processor has.
siamese_level siamese_best_level(void);

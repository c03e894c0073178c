#pragma once

/// An element-wise function: `siamese_limited` keeps its argument between two numbers.
typedef enum { siamese_limited, siamese_silu, siamese_hard_silu, siamese_gelu } siamese_function_kind;

typedef struct {
  siamese_function_kind kind;
  /// The two numbers; infinite for the identity.
  float low, high;
} siamese_function;

/// Whether this processor has the wide registers for which the loops are written.
int siamese_has_wide_registers(void);

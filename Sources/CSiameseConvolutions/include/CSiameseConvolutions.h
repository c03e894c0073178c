#pragma once

/// Convolutions and other loops over feature maps that oneDNN lacks or computes slowly. They are written in C because
/// Swift's vectors do not reach the processor's widest registers without compiler flags that a package may not set.
///
/// What holds for every function here:
///
/// - A *map* holds the channels of pictures in blocks of 16: `[pictures][C/16][H][W][16]`, where `C/16` is rounded up.
///   The 16 numbers at the end are called *lanes*. Where C is not a multiple of 16, the last block's lanes from `C %
///   16` on are *padded lanes*: they belong to no channel. Each header says what they must hold and what is written
///   there.
/// - Extents count elements, never bytes, unless a comment says bytes.
/// - bfloat16 numbers are the upper halves of floats, and are passed as `uint16_t`. Sums are always floats.
/// - An array needs the alignment of its elements and no more: 4 bytes for floats, 2 for bfloat16.
/// - Nothing outside the arrays as they are described here is read or written (prefetches aside, which cannot fail).
/// - Outputs, working memory and inputs must not overlap.
/// - Builds with `DEBUG` defined, and builds under a sanitiser, check the conditions stated here and stop where they do
///   not hold. Other builds check nothing.
/// - Calls keep no state: several threads may work on parts of the same output at the same time.

// The kernels, a line each, and Function.h, which all of them need.
#include "Depthwise.h"
#include "FirstConvolution.h"
#include "Function.h"
#include "Joining.h"
#include "LayerNormalization.h"
#include "Pointwise.h"
#include "Winograd.h"

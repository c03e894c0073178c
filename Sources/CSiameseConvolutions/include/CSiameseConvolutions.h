#pragma once

/// What oneDNN's convolutions lack, or do slowly. In C because Swift's vectors do not reach the processor's widest registers
/// without flags that a package may not set.

#include "Depthwise.h"
#include "FirstConvolution.h"
#include "Function.h"
#include "Joining.h"
#include "LayerNormalization.h"
#include "Pointwise.h"
#include "Winograd.h"

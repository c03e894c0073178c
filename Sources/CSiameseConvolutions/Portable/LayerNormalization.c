#define LEVEL 0
#include "../Bodies/LayerNormalization.h"

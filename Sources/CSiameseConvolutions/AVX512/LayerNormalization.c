#if defined(__x86_64__)
#define LEVEL 2
#include "../Bodies/LayerNormalization.h"
#endif

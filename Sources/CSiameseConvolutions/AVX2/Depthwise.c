#if defined(__x86_64__)
#define LEVEL 1
#include "../Bodies/Depthwise.h"
#endif

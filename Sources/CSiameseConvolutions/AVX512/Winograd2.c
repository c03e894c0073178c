#if defined(__x86_64__)
#define LEVEL 2
#include "../Bodies/Winograd2.h"
#endif

#if defined(__x86_64__)
#define LEVEL 2
#include "../Bodies/Winograd4.h"
#endif

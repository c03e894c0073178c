#define LEVEL 0
#include "../Bodies/Depthwise.h"

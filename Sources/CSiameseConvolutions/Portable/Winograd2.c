#define LEVEL 0
#include "../Bodies/Winograd2.h"

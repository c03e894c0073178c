#define LEVEL 0
#include "../Bodies/FirstConvolution.h"

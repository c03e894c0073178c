#include "CSiameseTurboJPEG.h"

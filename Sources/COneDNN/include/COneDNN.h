#pragma once
#include <oneapi/dnnl/dnnl.h>

/// OpenMP keeps one thread pool per calling thread; this sets the size of the caller's.
void siamese_set_thread_count(int count);

import CSiameseKernels

/// What programs under a tight memory limit ask of the allocator.
package enum SmallHeap {
  /// Has the allocator share one heap between threads and hand freed memory back early.
  package static func keep() { siamese_keep_heap_small() }
}

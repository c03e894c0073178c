#pragma once
#include <oneapi/dnnl/dnnl.h>
#include <stddef.h>
#include <stdint.h>

/// A thin layer over oneDNN 2.6, which describes memory and operations by structures that live on the caller's side,
/// with unions that Swift cannot see into. Everything below works on opaque handles instead, as oneDNN 3 does: support
/// for it would be a second branch in CSiameseOneDNN.c and nothing else.

/// OpenMP keeps one thread pool per calling thread; this sets the size of the caller's.
void siamese_set_thread_count(int count);
/// The size of the calling thread's pool.
int siamese_thread_count(void);
/// Calls `body` with every index below `parts` on the calling thread's pool, the one that oneDNN works with too.
void siamese_parallel(int parts, void *context, void (*body)(int index, void *context));

/// Multiplies and adds in registers alone for about `seconds` on the calling thread: operations a second, the most that
/// one core can do with the instructions in force. With `bfloat16`, in the processor's bfloat16 dot products; 0 where it
/// has none.
double siamese_peak_operations(int bfloat16, double seconds);
/// The instructions that the processor has: 0 what all have, 1 AVX2 with FMA, 2 AVX-512.
int siamese_processor_level(void);
/// Tells oneDNN to use no more than those of a level; 0 where oneDNN has been in use already.
int siamese_limit_level(int level);
/// The level that holds for the process: what the processor has, or less where oneDNN was told so. From now on it
/// stays.
int siamese_level_in_force(void);
/// Whether the processor multiplies bfloat16, at the level in force.
int siamese_has_bfloat16(void);

// MARK: Memory descriptors ("layouts").

typedef struct siamese_layout_handle *siamese_layout;

/// Element `i` of axis `k` lies `i * strides[k]` elements from the start; null strides leave the choice to a primitive.
/// Every function that makes a layout returns null where oneDNN refuses.
siamese_layout siamese_layout_strided(int rank, const int64_t *extents, dnnl_data_type_t type, const int64_t *strides);
siamese_layout siamese_layout_tagged(int rank, const int64_t *extents, dnnl_data_type_t type, dnnl_format_tag_t tag);
siamese_layout siamese_layout_part(siamese_layout whole, const int64_t *extents, const int64_t *offsets);
/// What a primitive wants or gives: `query` is one of `dnnl_query_*_md`.
siamese_layout siamese_layout_query(const_dnnl_primitive_desc_t description, dnnl_query_t query, int index);
void siamese_layout_destroy(siamese_layout layout);
int siamese_layout_equal(siamese_layout a, siamese_layout b);
size_t siamese_layout_size(siamese_layout layout);
int siamese_layout_rank(siamese_layout layout);
int64_t siamese_layout_extent(siamese_layout layout, int axis);
dnnl_data_type_t siamese_layout_type(siamese_layout layout);
dnnl_status_t siamese_memory_create(
    dnnl_memory_t *memory, siamese_layout layout, dnnl_engine_t engine, void *pointer);

// MARK: Post-operations and primitive descriptions.

dnnl_status_t siamese_append_sum(dnnl_post_ops_t operations, float scale);
dnnl_status_t siamese_append_eltwise(dnnl_post_ops_t operations, dnnl_alg_kind_t kind, float alpha, float beta);

/// What all descriptions are made with. `attributes` and `forward` (the hint of a backward primitive) may be null;
/// `skip` passes over that many implementations that oneDNN would prefer.
typedef struct {
  dnnl_engine_t engine;
  dnnl_primitive_attr_t attributes;
  const_dnnl_primitive_desc_t forward;
  int skip;
} siamese_request;

/// Strides, dilations (0 is none) and padding of a window over two axes: height, width.
typedef struct {
  int64_t extent[2], strides[2], dilations[2], before[2], after[2];
} siamese_window;

typedef dnnl_primitive_desc_t *siamese_result;

dnnl_status_t siamese_reorder(siamese_result result, siamese_request request, siamese_layout from, siamese_layout to);
dnnl_status_t siamese_concat(
    siamese_result result, siamese_request request, siamese_layout to, int axis, int count, const siamese_layout *from);
dnnl_status_t siamese_convolution_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, dnnl_alg_kind_t algorithm,
    siamese_layout source, siamese_layout weights, siamese_layout bias, siamese_layout destination,
    const siamese_window *window);
dnnl_status_t siamese_convolution_backward_data(
    siamese_result result, siamese_request request, dnnl_alg_kind_t algorithm, siamese_layout source_gradient,
    siamese_layout weights, siamese_layout destination_gradient, const siamese_window *window);
dnnl_status_t siamese_convolution_backward_weights(
    siamese_result result, siamese_request request, dnnl_alg_kind_t algorithm, siamese_layout source,
    siamese_layout weights_gradient, siamese_layout bias_gradient, siamese_layout destination_gradient,
    const siamese_window *window);
dnnl_status_t siamese_inner_product_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, siamese_layout source,
    siamese_layout weights, siamese_layout bias, siamese_layout destination);
dnnl_status_t siamese_pooling_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, dnnl_alg_kind_t algorithm,
    siamese_layout source, siamese_layout destination, const siamese_window *window);
dnnl_status_t siamese_pooling_backward(
    siamese_result result, siamese_request request, dnnl_alg_kind_t algorithm, siamese_layout source_gradient,
    siamese_layout destination_gradient, const siamese_window *window);
dnnl_status_t siamese_eltwise_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, dnnl_alg_kind_t kind,
    siamese_layout data, float alpha, float beta);
dnnl_status_t siamese_eltwise_backward(
    siamese_result result, siamese_request request, dnnl_alg_kind_t kind, siamese_layout gradient,
    siamese_layout data, float alpha, float beta);
dnnl_status_t siamese_binary(
    siamese_result result, siamese_request request, dnnl_alg_kind_t kind, siamese_layout first,
    siamese_layout second, siamese_layout destination);
dnnl_status_t siamese_softmax_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, siamese_layout source,
    siamese_layout destination, int axis);
dnnl_status_t siamese_local_response_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, siamese_layout data, int64_t size,
    float alpha, float beta, float bias);
dnnl_status_t siamese_batch_normalization_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, siamese_layout data, float epsilon,
    unsigned flags);
dnnl_status_t siamese_batch_normalization_backward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, siamese_layout gradient,
    siamese_layout data, float epsilon, unsigned flags);
dnnl_status_t siamese_layer_normalization_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, siamese_layout data,
    siamese_layout statistics, float epsilon, unsigned flags);
dnnl_status_t siamese_resampling_forward(
    siamese_result result, siamese_request request, dnnl_prop_kind_t direction, dnnl_alg_kind_t kind,
    siamese_layout source, siamese_layout destination);

/// `log(1 + exp(x))`, whose name differs between versions; takes alpha 1 in version 3.
dnnl_alg_kind_t siamese_eltwise_softplus(void);

/// The name of the chosen implementation, or "".
const char *siamese_implementation_name(const_dnnl_primitive_desc_t description);

/// Macros that Swift does not import.
enum {
  siamese_argument_source = DNNL_ARG_SRC,
  siamese_argument_second_source = DNNL_ARG_SRC_1,
  siamese_argument_destination = DNNL_ARG_DST,
  siamese_argument_weights = DNNL_ARG_WEIGHTS,
  siamese_argument_bias = DNNL_ARG_BIAS,
  siamese_argument_mean = DNNL_ARG_MEAN,
  siamese_argument_variance = DNNL_ARG_VARIANCE,
  siamese_argument_scale = DNNL_ARG_SCALE,
  siamese_argument_shift = DNNL_ARG_SHIFT,
  siamese_argument_workspace = DNNL_ARG_WORKSPACE,
  siamese_argument_scratchpad = DNNL_ARG_SCRATCHPAD,
  siamese_argument_source_gradient = DNNL_ARG_DIFF_SRC,
  siamese_argument_destination_gradient = DNNL_ARG_DIFF_DST,
  siamese_argument_weights_gradient = DNNL_ARG_DIFF_WEIGHTS,
  siamese_argument_bias_gradient = DNNL_ARG_DIFF_BIAS,
  siamese_argument_scale_gradient = DNNL_ARG_DIFF_SCALE,
  siamese_argument_shift_gradient = DNNL_ARG_DIFF_SHIFT,
  siamese_argument_multiple_source = DNNL_ARG_MULTIPLE_SRC,
};

#include "copencl.h"

static const unsigned char common[] = {
#embed "../../kernels/common.cl"
};
static const unsigned char product_cpu[] = {
#embed "../../kernels/product_cpu.cl"
};
static const unsigned char product_gpu[] = {
#embed "../../kernels/product_gpu.cl"
};
static const unsigned char linear_cpu[] = {
#embed "../../kernels/linear_cpu.cl"
};
static const unsigned char linear_gpu[] = {
#embed "../../kernels/linear_gpu.cl"
};
static const unsigned char network[] = {
#embed "../../kernels/network.cl"
};
static const unsigned char mlp[] = {
#embed "../../kernels/mlp.cl"
};
static const unsigned char mlp_backward[] = {
#embed "../../kernels/mlp_backward.cl"
};
static const unsigned char gating[] = {
#embed "../../kernels/gating.cl"
};
static const unsigned char recurrent[] = {
#embed "../../kernels/recurrent.cl"
};
static const unsigned char recurrent_cpu[] = {
#embed "../../kernels/recurrent_cpu.cl"
};
static const unsigned char recurrent_gpu[] = {
#embed "../../kernels/recurrent_gpu.cl"
};
static const unsigned char elementwise[] = {
#embed "../../kernels/elementwise.cl"
};
static const unsigned char reduction[] = {
#embed "../../kernels/reduction.cl"
};
static const unsigned char embedding[] = {
#embed "../../kernels/embedding.cl"
};
static const unsigned char pooling[] = {
#embed "../../kernels/pooling.cl"
};
static const unsigned char candidate[] = {
#embed "../../kernels/candidate.cl"
};
static const unsigned char loss[] = {
#embed "../../kernels/loss.cl"
};
static const unsigned char optimizer[] = {
#embed "../../kernels/optimizer.cl"
};
static const unsigned char random_[] = {
#embed "../../kernels/random.cl"
};
static const unsigned char selection[] = {
#embed "../../kernels/selection.cl"
};
static const unsigned char selection_cpu[] = {
#embed "../../kernels/selection_cpu.cl"
};
static const unsigned char selection_gpu[] = {
#embed "../../kernels/selection_gpu.cl"
};
static const unsigned char replay[] = {
#embed "../../kernels/replay.cl"
};
static const unsigned char factorization[] = {
#embed "../../kernels/factorization.cl"
};
static const unsigned char session[] = {
#embed "../../kernels/session.cl"
};
static const unsigned char draws[] = {
#embed "../../kernels/draws.cl"
};
static const unsigned char selection_rows[] = {
#embed "../../kernels/selection_rows.cl"
};

static const struct copencl_source sources[] = {
    {"common", common, sizeof common},
    {"product_cpu", product_cpu, sizeof product_cpu},
    {"product_gpu", product_gpu, sizeof product_gpu},
    {"linear_cpu", linear_cpu, sizeof linear_cpu},
    {"linear_gpu", linear_gpu, sizeof linear_gpu},
    {"network", network, sizeof network},
    {"mlp", mlp, sizeof mlp},
    {"mlp_backward", mlp_backward, sizeof mlp_backward},
    {"gating", gating, sizeof gating},
    {"recurrent", recurrent, sizeof recurrent},
    {"recurrent_cpu", recurrent_cpu, sizeof recurrent_cpu},
    {"recurrent_gpu", recurrent_gpu, sizeof recurrent_gpu},
    {"elementwise", elementwise, sizeof elementwise},
    {"reduction", reduction, sizeof reduction},
    {"embedding", embedding, sizeof embedding},
    {"pooling", pooling, sizeof pooling},
    {"candidate", candidate, sizeof candidate},
    {"loss", loss, sizeof loss},
    {"optimizer", optimizer, sizeof optimizer},
    {"random", random_, sizeof random_},
    {"selection", selection, sizeof selection},
    {"selection_cpu", selection_cpu, sizeof selection_cpu},
    {"selection_gpu", selection_gpu, sizeof selection_gpu},
    {"replay", replay, sizeof replay},
    {"factorization", factorization, sizeof factorization},
    {"session", session, sizeof session},
    {"draws", draws, sizeof draws},
    {"selection_rows", selection_rows, sizeof selection_rows},
};

size_t copencl_source_count(void) { return sizeof sources / sizeof *sources; }

struct copencl_source copencl_source_at(size_t index) { return sources[index]; }

/* Sums for PSNR and SSIM with AVX2. */
#if defined(__x86_64__)
#define LEVEL fw_metric_avx2
#define CPU FW_CPU_AVX2
#include "metric_rows.h"
#endif

/* The one side of libavfilter that the chain sees. */
#include "lavfi.h"

#include <libavfilter/avfilter.h>

bool fw_lavfi_exists(const char *name) { return avfilter_get_by_name(name) != NULL; }
const char *fw_lavfi_next_name(void **state) { const AVFilter *f = av_filter_iterate(state); return f ? f->name : NULL; }
int fw_lavfi_call_create(struct fw_lavfi_call **call_out, const struct fw_call *call, struct fw_complaints *complaints)
{ *call_out = NULL; fw_complain(complaints, call->name_first, call->name_end, NULL, "filter '%s' of libavfilter is not reachable", call->name); return FW_ERR_USAGE; }
void fw_lavfi_call_destroy(struct fw_lavfi_call *call) { (void)call; }
void fw_lavfi_call_traits(const struct fw_lavfi_call *call, struct fw_lavfi_traits *t) { (void)call; t->filter_class = FW_CLASS_SEQUENTIAL; t->reason = ""; t->flags = 0; }
int fw_lavfi_plan(struct fw_lavfi_call *const *calls, uint32_t count, const struct fw_video *in, struct fw_video *links_out, struct fw_error *err)
{ (void)calls; (void)count; (void)in; (void)links_out; return fw_fail(err, FW_ERR_USAGE, "no libavfilter"); }
int fw_lavfi_open(struct fw_lavfi **g, struct fw_lavfi_call *const *calls, uint32_t count, const struct fw_video *in, const struct fw_video *out, struct fw_error *err)
{ (void)g; (void)calls; (void)count; (void)in; (void)out; return fw_fail(err, FW_ERR_USAGE, "no libavfilter"); }
int fw_lavfi_process(struct fw_lavfi *g, const struct fw_frame *in, struct fw_frame *out, struct fw_error *err)
{ (void)g; (void)in; (void)out; return fw_fail(err, FW_ERR_USAGE, "no libavfilter"); }
void fw_lavfi_close(struct fw_lavfi *graph) { (void)graph; }

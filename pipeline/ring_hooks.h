/* Named points between two steps of the protocol. Nothing in a normal build; with FW_HOOKS the
 * stress tests kill the process there. */
#ifndef FW_PIPELINE_RING_HOOKS_H
#define FW_PIPELINE_RING_HOOKS_H

enum fw_hook_point {
    FW_HOOK_AFTER_CLAIM,
    FW_HOOK_AFTER_INPUT_WAIT,
    FW_HOOK_BEFORE_WORK,
    FW_HOOK_BEFORE_DONE_CAS,
    FW_HOOK_AFTER_DONE_CAS,
    FW_HOOK_AFTER_FINISH,
    FW_HOOK_BEFORE_CLOSE,
    FW_HOOK_AFTER_YIELD,
    FW_HOOK_BEFORE_RING,
    FW_HOOK_BEFORE_WAKE,
    FW_HOOK_AFTER_RING,
    FW_HOOK_BEFORE_ARM,
    FW_HOOK_AFTER_ARM,
    FW_HOOK_AFTER_SLEEP,
    FW_HOOK_COUNT
};

#ifdef FW_HOOKS
void fw_hook(enum fw_hook_point point); /* defined by the test */
#define FW_HOOK(point) fw_hook(FW_HOOK_##point)
#else
#define FW_HOOK(point) ((void)0)
#endif

#endif

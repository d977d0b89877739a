/* SPDX-License-Identifier: MIT */
/*
 * Calls and statuses in words, for what a test or a trace prints.
 *
 * `guest` says which side's leaf it is: false a SEAMCALL, true a TDCALL. Text functions work as
 * snprintf() does: at most len bytes are written, with the ending 0, and the length of the whole
 * text is returned. Any thread, at any time: no machine is needed.
 */
#ifndef SEAMLESS_EXPLAIN_H
#define SEAMLESS_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seamless/lp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The leaf that this RAX asks for: "TDH.MEM.PAGE.ADD", which a fault rule takes. NULL: there is
 * none. */
const char *seamless_leaf_name(bool guest, uint64_t rax);

/* "OPERAND_BUSY(SEPT_TREE)": a status, after a call whose RAX was `rax`. The number if it has no
 * name. */
size_t seamless_status_text(bool guest, uint64_t rax, uint64_t status, char *buf, size_t len);

/*
 * "TDH.MEM.PAGE.ADD(gpa=0x1000, level=0, ...) = SUCCESS": a call by its registers before (in) and
 * after it (out); out NULL: it has not returned yet, "TDH.MEM.PAGE.ADD(gpa=0x1000, level=0, ...)".
 */
size_t seamless_call_text(bool guest, const struct seamless_regs *in,
			  const struct seamless_regs *out, char *buf, size_t len);

#ifdef __cplusplus
}
#endif
#endif

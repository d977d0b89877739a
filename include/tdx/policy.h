/* SPDX-License-Identifier: MIT */
/*
 * Repeating calls: policy of the caller's choice around typed calls, never inside them.
 *
 * A repeat makes the call again from C values, so with its original operands, whatever the first
 * try wrote to registers. tdh_policy.h has, for each leaf that needs it, NAME_retry() (no entropy)
 * and NAME_finish() (interrupted).
 */
#ifndef TDX_POLICY_H
#define TDX_POLICY_H

#include "status.h"
#include "types.h"

/* How often a NAME_retry() makes its call before it gives the status back. */
#ifndef TDX_ENTROPY_TRIES
#define TDX_ENTROPY_TRIES 10
#endif

/* A loop that is rarely run and must not be unrolled into a row of calls. */
#define TDX_COLD static __attribute__((__noinline__, __cold__, __unused__))
#ifdef __clang__
#define TDX_NO_UNROLL _Pragma("clang loop unroll(disable)")
#else
#define TDX_NO_UNROLL
#endif

/* Another flow held a lock: try again when it may be gone. */
TDX_INLINE int tdx_status_busy(tdx_status_t status)
{
	tdx_u64 code = tdx_status_code(status);

	return code == TDX_OPERAND_BUSY || code == TDX_OPERAND_BUSY_HOST_PRIORITY ||
	       code == TDX_SYS_BUSY;
}

/* The processor had no random number or no key: the same call may succeed at once. */
TDX_INLINE int tdx_status_no_entropy(tdx_status_t status)
{
	tdx_u64 code = tdx_status_code(status);

	return code == TDX_RND_NO_ENTROPY || code == TDX_KEY_GENERATION_FAILED;
}

/* An interrupt is pending: take it, then go on. */
TDX_INLINE int tdx_status_interrupted(tdx_status_t status)
{
	tdx_u64 code = tdx_status_code(status);

	return code == TDX_INTERRUPTED_RESUMABLE || code == TDX_INTERRUPTED_RESTARTABLE;
}

/*
 * Makes a call again while it is busy and the caller's condition holds. Both are expressions that
 * are evaluated each time:
 *
 *   status = tdx_while_busy(tdh_mem_track(tdr), --tries && (cpu_relax(), 1));
 */
#define tdx_while_busy(call, again)                                                                \
	__extension__({                                                                            \
		tdx_status_t tdx_busy_status;                                                      \
		TDX_NO_UNROLL                                                                      \
		do                                                                                 \
			tdx_busy_status = (call);                                                  \
		while (tdx_status_busy(tdx_busy_status) && (again));                               \
		tdx_busy_status;                                                                   \
	})

#endif

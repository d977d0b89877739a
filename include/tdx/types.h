/* SPDX-License-Identifier: MIT */
/*
 * The distinct types of the call layer: an address of one kind can't be passed where another is
 * wanted, nor a status compared with a number that is none. All are one 64-bit value in a struct,
 * which folds into a register. Plain data are plain integers.
 *
 * Freestanding: C11 or C++17, gcc >= 12 or clang >= 14, <stdint.h> and <stddef.h> or, in a Linux
 * kernel, <linux/types.h>.
 */
#ifndef TDX_TYPES_H
#define TDX_TYPES_H

#ifdef __KERNEL__
#include <linux/types.h>
typedef u64 tdx_u64;
#else
#include <stddef.h>
#include <stdint.h>
typedef uint64_t tdx_u64;
#endif

#define TDX_INLINE static inline __attribute__((__always_inline__, __unused__))
/* How a typed call is defined: inline, or by tdx_core.c as a function that other images call
 * (TDX_OUT_OF_LINE). */
#ifndef TDX_TYPED
#define TDX_TYPED TDX_INLINE
#endif

#ifdef __cplusplus
#define TDX_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define TDX_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

#define TDX_DEFINE_TYPE(name)                                                                      \
	typedef struct tdx_##name##_struct {                                                       \
		tdx_u64 value;                                                                     \
	} tdx_##name##_t;                                                                          \
	TDX_INLINE tdx_##name##_t tdx_##name(tdx_u64 value)                                        \
	{                                                                                          \
		tdx_##name##_t typed = { value };                                                  \
		return typed;                                                                      \
	}

/* tdx_status(x): what a call returns in RAX: status.h has the names and the questions to ask. */
TDX_DEFINE_TYPE(status)
/* tdx_answer(x): what the VMM answers to a TDVMCALL in R10: tdvmcall.h. */
TDX_DEFINE_TYPE(answer)
/* tdx_gpa(x): guest-physical address, bits 51:0; the shared bit is part of it. */
TDX_DEFINE_TYPE(gpa)
/* tdx_hpa(x): host-physical address of a private page or of one that becomes private; no key id
 * bits. */
TDX_DEFINE_TYPE(hpa)
/* tdx_hpa_keyed(x): host-physical address with its key id bits. */
TDX_DEFINE_TYPE(hpa_keyed)
/* tdx_shared_hpa(x): host-physical address of memory that host and module share, a shared key id
 * allowed. */
TDX_DEFINE_TYPE(shared_hpa)
/* tdx_tdr(x): a TD, named by the host-physical address of its TDR page (4 KiB aligned, no key id).
 */
TDX_DEFINE_TYPE(tdr)
/* tdx_tdvpr(x): a vCPU, named by the host-physical address of its TDVPR page (4 KiB aligned, no key
 * id). */
TDX_DEFINE_TYPE(tdvpr)
/* tdx_hkid(x): key id, bits 15:0. */
TDX_DEFINE_TYPE(hkid)
/* tdx_level(x): secure EPT level, 0 (4 KiB) to 4. */
TDX_DEFINE_TYPE(level)
/* tdx_field(x): metadata field id: see metadata.h. */
TDX_DEFINE_TYPE(field)
/* tdx_gpa_list(x): GPA_LIST_INFO: list page 51:12, format 2:0, first entry 11:3, last entry 63:55.
 */
TDX_DEFINE_TYPE(gpa_list)
/* tdx_page_list(x): PAGE_LIST_INFO: list page 51:12, last entry 63:55. */
TDX_DEFINE_TYPE(page_list)
/* tdx_mbmd(x): migration bundle metadata: host-physical address 51:0 (128-byte aligned), buffer
 * size 63:52. */
TDX_DEFINE_TYPE(mbmd)
/* tdx_migs(x): migration stream index 15:0, command or resume 63. */
TDX_DEFINE_TYPE(migs)

/* tdx_report_data(x): guest-physical address of the 64 bytes of REPORTDATA. */
TDX_DEFINE_TYPE(report_data)
/* tdx_binding(x): SERVTD_HANDLE, as TDH.SERVTD.BIND gave it. */
TDX_DEFINE_TYPE(binding)
/* tdx_servtd_type(x): service TD type, bits 15:0. */
TDX_DEFINE_TYPE(servtd_type)
/* tdx_servtd_attr(x): SERVTD_ATTR. */
TDX_DEFINE_TYPE(servtd_attr)
/* tdx_gpa_attr(x): GPA_ATTR: attributes of a page for four VMs, 16 bits each. */
TDX_DEFINE_TYPE(gpa_attr)
/* tdx_attr_flags(x): ATTR_FLAGS of four VMs, 16 bits each. */
TDX_DEFINE_TYPE(attr_flags)
/* tdx_id(x): which TD or vCPU a guest means: TDX_SELF. */
TDX_DEFINE_TYPE(id)
/* tdx_mask(x): the bits of a field that a write changes: TDX_ALL_BITS or some. */
TDX_DEFINE_TYPE(mask)
/* tdx_response(x): guest-physical address of a response buffer. */
TDX_DEFINE_TYPE(response)
/* tdx_width(x): bytes of an access to a port or to MMIO: 1, 2, 4 or (MMIO) 8. */
TDX_DEFINE_TYPE(width)
/* TDX_READ or TDX_WRITE. */
TDX_DEFINE_TYPE(direction)
/* tdx_port(x): I/O port. */
TDX_DEFINE_TYPE(port)
/* tdx_msr(x): index of an MSR. */
TDX_DEFINE_TYPE(msr)
/* tdx_vector(x): interrupt vector. */
TDX_DEFINE_TYPE(vector)
/* tdx_invvpid(x): INVVPID entry, or guest-physical address of a list page. */
TDX_DEFINE_TYPE(invvpid)

#define TDX_READ     tdx_direction(0)
#define TDX_WRITE    tdx_direction(1)
#define TDX_SELF     tdx_id(0)
#define TDX_ALL_BITS tdx_mask(0xFFFFFFFFFFFFFFFFULL)

#define TDX_LEVEL_4K tdx_level(0)
#define TDX_LEVEL_2M tdx_level(1)
#define TDX_LEVEL_1G tdx_level(2)

/* "No page" in an operand that may have one. */
#define TDX_NO_HPA tdx_hpa(0xFFFFFFFFFFFFFFFFULL)

/*
 * What RCX and RDX say when a walk of the secure EPT ended early or an entry was in a state the
 * leaf refuses (EPT_WALK_FAILED, EPT_ENTRY_STATE_INCORRECT, GPA_RANGE_NOT_BLOCKED,
 * GPA_RANGE_ALREADY_BLOCKED); else zero, or what the leaf says.
 */
struct tdx_sept_error {
	tdx_u64 entry; /* SEPT_ENTRY as TDH.MEM.SEPT.RD shows it */
	tdx_u64 info;  /* level 2:0, state 15:8, VM 17:16 */
};

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The VMCS: its fields, by encoding, in a page of memory.
 *
 * A field takes one 8-byte slot whatever its width. Slots are grouped as encodings are: by width, then by type
 * (control, exit information, guest, host). A field that nobody wrote reads 0.
 */
#ifndef VMX_VMCS_H
#define VMX_VMCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Encodings (Intel SDM volume 3, appendix B; 203C and 4026 exist for SEAM only). */
enum vmcs_field {
	VMCS_VPID = 0x0000,
	VMCS_POSTED_INTR_VECTOR = 0x0002,
	VMCS_GUEST_ES_SELECTOR = 0x0800,
	VMCS_GUEST_CS_SELECTOR = 0x0802,
	VMCS_GUEST_SS_SELECTOR = 0x0804,
	VMCS_GUEST_DS_SELECTOR = 0x0806,
	VMCS_GUEST_FS_SELECTOR = 0x0808,
	VMCS_GUEST_GS_SELECTOR = 0x080a,
	VMCS_GUEST_LDTR_SELECTOR = 0x080c,
	VMCS_GUEST_TR_SELECTOR = 0x080e,
	VMCS_GUEST_INTR_STATUS = 0x0810,
	VMCS_IO_BITMAP_A = 0x2000,
	VMCS_IO_BITMAP_B = 0x2002,
	VMCS_MSR_BITMAP = 0x2004,
	VMCS_EXIT_MSR_STORE = 0x2006,
	VMCS_EXIT_MSR_LOAD = 0x2008,
	VMCS_ENTRY_MSR_LOAD = 0x200a,
	VMCS_EXECUTIVE_VMCS = 0x200c,
	VMCS_PML_ADDRESS = 0x200e,
	VMCS_TSC_OFFSET = 0x2010,
	VMCS_VIRTUAL_APIC = 0x2012,
	VMCS_APIC_ACCESS = 0x2014,
	VMCS_POSTED_INTR_DESC = 0x2016,
	VMCS_EPTP = 0x201a,
	VMCS_EPTP_LIST = 0x2024,
	VMCS_VMREAD_BITMAP = 0x2026,
	VMCS_VMWRITE_BITMAP = 0x2028,
	VMCS_VE_INFO = 0x202a,
	VMCS_ENCLS_EXITING = 0x202e,
	VMCS_TSC_MULTIPLIER = 0x2032,
	VMCS_PROC_CTLS3 = 0x2034,
	VMCS_ENCLV_EXITING = 0x2036,
	VMCS_PASID_LOW = 0x2038,
	VMCS_PASID_HIGH = 0x203a,
	VMCS_SHARED_EPTP = 0x203c,
	VMCS_PCONFIG_EXITING = 0x203e,
	VMCS_HLAT_POINTER = 0x2040,
	VMCS_SPEC_CTRL_MASK = 0x204a,
	VMCS_SPEC_CTRL_SHADOW = 0x204c,
	VMCS_GUEST_PHYSICAL = 0x2400,
	VMCS_LINK_POINTER = 0x2800,
	VMCS_GUEST_DEBUGCTL = 0x2802,
	VMCS_GUEST_PAT = 0x2804,
	VMCS_GUEST_EFER = 0x2806,
	VMCS_GUEST_PERF_GLOBAL_CTRL = 0x2808,
	VMCS_GUEST_PDPTE0 = 0x280a,
	VMCS_GUEST_PDPTE1 = 0x280c,
	VMCS_GUEST_PDPTE2 = 0x280e,
	VMCS_GUEST_PDPTE3 = 0x2810,
	VMCS_GUEST_RTIT_CTL = 0x2814,
	VMCS_GUEST_LBR_CTL = 0x2816,
	VMCS_GUEST_PKRS = 0x2818,
	VMCS_PIN_CTLS = 0x4000,
	VMCS_PROC_CTLS = 0x4002,
	VMCS_EXCEPTION_BITMAP = 0x4004,
	VMCS_PF_ERROR_MASK = 0x4006,
	VMCS_PF_ERROR_MATCH = 0x4008,
	VMCS_EXIT_CTLS = 0x400c,
	VMCS_ENTRY_CTLS = 0x4012,
	VMCS_ENTRY_INTR_INFO = 0x4016,
	VMCS_ENTRY_ERROR_CODE = 0x4018,
	VMCS_ENTRY_INSTR_LENGTH = 0x401a,
	VMCS_TPR_THRESHOLD = 0x401c,
	VMCS_PROC_CTLS2 = 0x401e,
	VMCS_PLE_GAP = 0x4020,
	VMCS_PLE_WINDOW = 0x4022,
	VMCS_INSTRUCTION_TIMEOUT = 0x4024,
	VMCS_TD_HKID = 0x4026,
	VMCS_INSTRUCTION_ERROR = 0x4400,
	VMCS_EXIT_REASON = 0x4402,
	VMCS_EXIT_INTR_INFO = 0x4404,
	VMCS_EXIT_INTR_ERROR = 0x4406,
	VMCS_IDT_INFO = 0x4408,
	VMCS_IDT_ERROR = 0x440a,
	VMCS_EXIT_INSTR_LENGTH = 0x440c,
	VMCS_EXIT_INSTR_INFO = 0x440e,
	VMCS_GUEST_ES_LIMIT = 0x4800,
	VMCS_GUEST_CS_LIMIT = 0x4802,
	VMCS_GUEST_SS_LIMIT = 0x4804,
	VMCS_GUEST_DS_LIMIT = 0x4806,
	VMCS_GUEST_FS_LIMIT = 0x4808,
	VMCS_GUEST_GS_LIMIT = 0x480a,
	VMCS_GUEST_LDTR_LIMIT = 0x480c,
	VMCS_GUEST_TR_LIMIT = 0x480e,
	VMCS_GUEST_GDTR_LIMIT = 0x4810,
	VMCS_GUEST_IDTR_LIMIT = 0x4812,
	VMCS_GUEST_ES_RIGHTS = 0x4814,
	VMCS_GUEST_CS_RIGHTS = 0x4816,
	VMCS_GUEST_SS_RIGHTS = 0x4818,
	VMCS_GUEST_DS_RIGHTS = 0x481a,
	VMCS_GUEST_FS_RIGHTS = 0x481c,
	VMCS_GUEST_GS_RIGHTS = 0x481e,
	VMCS_GUEST_LDTR_RIGHTS = 0x4820,
	VMCS_GUEST_TR_RIGHTS = 0x4822,
	VMCS_GUEST_INTERRUPTIBILITY = 0x4824,
	VMCS_GUEST_ACTIVITY = 0x4826,
	VMCS_GUEST_SYSENTER_CS = 0x482a,
	VMCS_PREEMPTION_TIMER = 0x482e,
	VMCS_CR0_MASK = 0x6000,
	VMCS_CR4_MASK = 0x6002,
	VMCS_CR0_SHADOW = 0x6004,
	VMCS_CR4_SHADOW = 0x6006,
	VMCS_EXIT_QUALIFICATION = 0x6400,
	VMCS_GUEST_LINEAR = 0x640a,
	VMCS_GUEST_CR0 = 0x6800,
	VMCS_GUEST_CR3 = 0x6802,
	VMCS_GUEST_CR4 = 0x6804,
	VMCS_GUEST_ES_BASE = 0x6806,
	VMCS_GUEST_CS_BASE = 0x6808,
	VMCS_GUEST_SS_BASE = 0x680a,
	VMCS_GUEST_DS_BASE = 0x680c,
	VMCS_GUEST_FS_BASE = 0x680e,
	VMCS_GUEST_GS_BASE = 0x6810,
	VMCS_GUEST_LDTR_BASE = 0x6812,
	VMCS_GUEST_TR_BASE = 0x6814,
	VMCS_GUEST_GDTR_BASE = 0x6816,
	VMCS_GUEST_IDTR_BASE = 0x6818,
	VMCS_GUEST_DR7 = 0x681a,
	VMCS_GUEST_RSP = 0x681c,
	VMCS_GUEST_RIP = 0x681e,
	VMCS_GUEST_RFLAGS = 0x6820,
	VMCS_GUEST_PENDING_DEBUG = 0x6822,
	VMCS_GUEST_SYSENTER_ESP = 0x6824,
	VMCS_GUEST_SYSENTER_EIP = 0x6826,
	VMCS_GUEST_S_CET = 0x6828,
	VMCS_GUEST_SSP = 0x682a,
	VMCS_GUEST_SSP_TABLE = 0x682c,
};

#define VMCS_SLOTS 288u

/* The start of a VMCS page. */
struct vmcs {
	uint32_t revision, abort;
	uint64_t slot[VMCS_SLOTS];
};

/* First slot of each group; an encoding is width 14:13, type 11:10, index 9:1. */
static const uint16_t vmcs_group[17] = {
	0,   8,   8,   24,  /* 16-bit */
	32,  96,  100, 132, /* 64-bit */
	140, 172, 180, 212, /* 32-bit */
	216, 232, 240, 272, /* natural width */
	VMCS_SLOTS,
};

static inline unsigned vmcs_group_of(uint32_t encoding)
{
	return (encoding >> 13 & 3) << 2 | (encoding >> 10 & 3);
}

/* Whether there is such a field (full access only: bit 0 clear). */
static inline bool vmcs_has(uint32_t encoding)
{
	unsigned group = vmcs_group_of(encoding);

	return !(encoding & ~0x6ffeu) &&
	       (encoding >> 1 & 0x1ff) < (unsigned)(vmcs_group[group + 1] - vmcs_group[group]);
}

/* The bits of a field that exist by its width. */
static inline uint64_t vmcs_width_mask(uint32_t encoding)
{
	unsigned width = encoding >> 13 & 3;

	return width == 0 ? 0xffff : width == 2 ? 0xffffffff : ~0ull;
}

static inline unsigned vmcs_slot_of(uint32_t encoding)
{
	return vmcs_group[vmcs_group_of(encoding)] + (encoding >> 1 & 0x1ff);
}

/* The encoding must be one that vmcs_has(). */
static inline uint64_t vmcs_read(const struct vmcs *v, uint32_t encoding)
{
	return v->slot[vmcs_slot_of(encoding)];
}

static inline void vmcs_write(struct vmcs *v, uint32_t encoding, uint64_t value)
{
	v->slot[vmcs_slot_of(encoding)] = value & vmcs_width_mask(encoding);
}

static inline void vmcs_set_bits(struct vmcs *v, uint32_t encoding, uint64_t bits)
{
	vmcs_write(v, encoding, vmcs_read(v, encoding) | bits);
}

static inline void vmcs_clear_bits(struct vmcs *v, uint32_t encoding, uint64_t bits)
{
	vmcs_write(v, encoding, vmcs_read(v, encoding) & ~bits);
}

#endif

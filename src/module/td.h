/* SPDX-License-Identifier: MIT */
/*
 * The control structures of a TD as they lie in its pages: TDR, TDCS (page k is TDR.tdcx_pa[k]) and TDVPS (page 0 is
 * the TDVPR page, page k is TDVPS.page_pa[k]).
 *
 * Each field stands at the offset of the metadata tables (gen/metadata.h), so that reading metadata is reading memory.
 * Fields marked "internal" have no metadata id; they fill gaps of our choice.
 */
#ifndef SEAMLESS_MODULE_TD_H
#define SEAMLESS_MODULE_TD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "gen/metadata.h"
#include "gen/structures.h"
#include "module/pamt.h"
#include "platform/regs.h"

struct module;

/* A member at a fixed offset of the enclosing union. */
#define AT(offset, member) struct { uint8_t at_##offset[offset]; member; }
#define AT_PACKED(offset, member) struct __attribute__((packed)) { uint8_t at_##offset[offset]; member; }

#define NUM_OP_STATES (OP_STATE_FAILED_IMPORT + 1)
#define TDCX_MIN 6u
#define TDCX_MAX 9u
#define TDVPS_MIN 6u
#define TDVPS_MAX 15u
#define TDVPS_PAGES_PER_L2 3u
#define MAX_VMS 4u
#define LPID_NONE 0xFFFFFFFFu

#define TD_ATTR_DEBUG (1ull << 0)
#define TD_ATTR_SEPT_VE_DISABLE (1ull << 28)
#define TD_ATTR_MIGRATABLE (1ull << 29)
#define TD_ATTR_PKS (1ull << 30)
#define TD_ATTR_PERFMON (1ull << 63)

#define TD_CONFIG_GPAW (1ull << 0)
#define TD_CONFIG_FLEXIBLE_PENDING_VE (1ull << 1)
#define TD_CONFIG_NO_RBP_MOD (1ull << 2)

#define TD_CTLS_PENDING_VE_DISABLE (1ull << 0)

struct tdr {
	union {
		uint8_t page[PAGE_BYTES];
		AT(TDR_FATAL_OFFSET, uint8_t fatal);
		AT(TDR_NUM_TDCX_OFFSET, uint32_t num_tdcx);
		AT(TDR_CHLDCNT_OFFSET, uint64_t chldcnt); /* in 4K pages; changed atomically */
		AT(TDR_LIFECYCLE_STATE_OFFSET, uint32_t lifecycle);
		AT(TDR_TDCX_PA_OFFSET, uint64_t tdcx_pa[TDCX_MAX]);
		AT(TDR_TD_UUID_OFFSET, uint64_t uuid[4]);
		AT(TDR_HKID_OFFSET, uint16_t hkid);
		AT(TDR_PKG_CONFIG_BITMAP_OFFSET, uint64_t pkg_config_bitmap);
		AT(TDR_HANDOFF_VERSION_OFFSET, uint16_t handoff_version);
		AT(TDR_SEAMDB_INDEX_OFFSET, uint64_t seamdb_index);
		AT(TDR_SEAMDB_NONCE_OFFSET, uint64_t seamdb_nonce[4]);
	};
};

/* TDCS.cpuid_flags: what the virtual CPUID of the TD offers, so that it need not be searched. */
enum td_cpuid_flag {
	TD_CPUID_MONITOR = 1 << 0,
	TD_CPUID_DCA = 1 << 1,
	TD_CPUID_TSC_DEADLINE = 1 << 2,
	TD_CPUID_TSX = 1 << 3,
	TD_CPUID_WAITPKG = 1 << 4,
	TD_CPUID_TME = 1 << 5,
	TD_CPUID_MKTME = 1 << 6,
	TD_CPUID_XFD = 1 << 7,
	TD_CPUID_DDPD = 1 << 8,
	TD_CPUID_LA57 = 1 << 9,
};

/* Indices of TDCS.virt_vmx_msr. */
enum virt_vmx_msr {
	VIRT_VMX_BASIC,
	VIRT_VMX_MISC,
	VIRT_VMX_CR0_FIXED0,
	VIRT_VMX_CR0_FIXED1,
	VIRT_VMX_CR4_FIXED0,
	VIRT_VMX_CR4_FIXED1,
	VIRT_VMX_PROC_CTLS2,
	VIRT_VMX_EPT_VPID_CAP,
	VIRT_VMX_TRUE_PIN_CTLS,
	VIRT_VMX_TRUE_PROC_CTLS,
	VIRT_VMX_TRUE_EXIT_CTLS,
	VIRT_VMX_TRUE_ENTRY_CTLS,
	VIRT_VMX_VMFUNC,
	VIRT_VMX_PROC_CTLS3,
	VIRT_VMX_EXIT_CTLS2,
	VIRT_VMX_MSRS,
};

enum servtd_state {
	SERVTD_NOT_BOUND,
	SERVTD_PRE_BOUND,
	SERVTD_BOUND,
};

/* A slot for a service TD. */
struct servtd_binding {
	uint8_t state; /* enum servtd_state */
	uint8_t reserved0;
	uint16_t type;
	uint32_t reserved1;
	uint64_t attributes;
	uint64_t uuid[4];
	uint8_t info_hash[48];
	uint8_t reserved2[32];
};

_Static_assert(sizeof(struct servtd_binding) == 128, "SERVTD_BINDINGS_TABLE");

#define SERVTD_SLOTS 1u
#define SERVTD_TYPE_MIGTD 0
#define TDCS_CPUID_VALUES 80
#define TDCS_XBUFF_COMPONENTS 19

/* Page 0 of the TDCS. */
struct tdcs {
	union {
		uint8_t page[PAGE_BYTES];
		AT(TDCS_NUM_VCPUS_OFFSET, uint32_t num_vcpus);
		AT(TDCS_NUM_ASSOC_VCPUS_OFFSET, uint32_t num_assoc_vcpus);
		AT(TDCS_OP_STATE_OFFSET, uint32_t op_state);
		AT(0x00c, uint16_t op_state_lock); /* internal, host priority */
		AT(TDCS_NUM_L2_VMS_OFFSET, uint16_t num_l2_vms);
		AT(0x012, uint16_t sept_lock); /* internal, host priority */
		AT(0x014, uint16_t epoch_lock); /* internal, host priority */
		AT(0x016, uint16_t rtmr_lock); /* internal, host priority */
		AT(0x018, uint16_t servtd_lock); /* internal, host priority */
		AT(0x01a, uint16_t mig_lock); /* internal */
		AT(TDCS_ATTRIBUTES_OFFSET, uint64_t attributes);
		AT(TDCS_XFAM_OFFSET, uint64_t xfam);
		AT(TDCS_MAX_VCPUS_OFFSET, uint32_t max_vcpus);
		AT(TDCS_GPAW_OFFSET, uint8_t gpaw); /* 0: shared bit 47, 1: shared bit 51 */
		AT(TDCS_EPTP_OFFSET, uint64_t eptp);
		AT(TDCS_TSC_OFFSET_OFFSET, uint64_t tsc_offset);
		AT(TDCS_TSC_MULTIPLIER_OFFSET, uint64_t tsc_multiplier);
		AT(TDCS_TSC_FREQUENCY_OFFSET, uint16_t tsc_frequency);
		AT(0x0bc, uint32_t cpuid_flags); /* internal: TD_CPUID_* */
		AT(TDCS_XBUFF_SIZE_OFFSET, uint32_t xbuff_size);
		AT(TDCS_NOTIFY_ENABLES_OFFSET, uint64_t notify_enables);
		AT(TDCS_HP_LOCK_TIMEOUT_OFFSET, uint64_t hp_lock_timeout); /* in TSC ticks */
		AT(TDCS_VM_CTLS_OFFSET, uint64_t vm_ctls[MAX_VMS]);
		AT(0x110, uint64_t spec_ctrl_mask); /* internal: IA32_SPEC_CTRL bits the guest can't see */
		AT(TDCS_CONFIG_FLAGS_OFFSET, uint64_t config_flags);
		AT(TDCS_TD_CTLS_OFFSET, uint64_t td_ctls);
		AT(TDCS_CPUID_VALID_OFFSET, uint8_t cpuid_valid[TDCS_CPUID_VALUES]);
		AT(TDCS_XBUFF_OFFSETS_OFFSET, uint32_t xbuff_offsets[TDCS_XBUFF_COMPONENTS]);
		AT(TDCS_TD_EPOCH_OFFSET, uint64_t epoch);
		AT(TDCS_REFCOUNT_OFFSET, uint16_t epoch_refcount[2]); /* vCPUs inside, by parity of their epoch */
		AT(TDCS_MRTD_OFFSET, uint8_t mrtd[48]);
		AT(TDCS_MRCONFIGID_OFFSET, uint8_t mrconfigid[48]);
		AT(TDCS_MROWNER_OFFSET, uint8_t mrowner[48]);
		AT(TDCS_MROWNERCONFIG_OFFSET, uint8_t mrownerconfig[48]);
		AT(TDCS_RTMR_OFFSET, uint8_t rtmr[4][48]);
		AT(0x500, uint8_t tee_info_hash[48]); /* internal */
		AT(0x530, uint8_t tee_info_hash_valid); /* internal */
		AT(TDCS_MIG_DEC_KEY_SET_OFFSET, uint8_t mig_dec_key_set);
		AT(TDCS_EXPORT_COUNT_OFFSET, uint32_t export_count);
		AT(TDCS_IMPORT_COUNT_OFFSET, uint32_t import_count);
		AT(TDCS_MIG_EPOCH_OFFSET, uint32_t mig_epoch);
		AT(TDCS_BW_EPOCH_OFFSET, uint64_t bw_epoch);
		AT(TDCS_TOTAL_MB_COUNT_OFFSET, uint64_t total_mb_count);
		AT(TDCS_MIG_DEC_KEY_OFFSET, uint64_t mig_dec_key[4]);
		AT(TDCS_MIG_DEC_WORKING_KEY_OFFSET, uint64_t mig_dec_working_key[4]);
		AT(TDCS_MIG_ENC_KEY_OFFSET, uint64_t mig_enc_key[4]);
		AT(TDCS_MIG_ENC_WORKING_KEY_OFFSET, uint64_t mig_enc_working_key[4]);
		AT(TDCS_MIG_VERSION_OFFSET, uint16_t mig_version);
		AT(TDCS_MIG_WORKING_VERSION_OFFSET, uint16_t mig_working_version);
		AT(TDCS_DIRTY_COUNT_OFFSET, uint64_t dirty_count);
		AT(TDCS_MIG_COUNT_OFFSET, uint64_t mig_count);
		AT(TDCS_NUM_MIGS_OFFSET, uint16_t num_migs);
		AT(TDCS_NUM_MIGRATED_VCPUS_OFFSET, uint32_t num_migrated_vcpus);
		AT(TDCS_PRE_IMPORT_UUID_OFFSET, uint64_t pre_import_uuid[4]);
		AT(TDCS_VIRTUAL_IA32_VMX_BASIC_OFFSET, uint64_t virt_vmx_msr[VIRT_VMX_MSRS]);
		AT(TDCS_VIRTUAL_IA32_ARCH_CAPABILITIES_OFFSET, uint64_t virt_arch_capabilities);
		AT(TDCS_CPUID_VALUES_OFFSET, uint32_t cpuid_values[TDCS_CPUID_VALUES][4]); /* EAX EBX ECX EDX */
		AT(TDCS_SERVTD_HASH_OFFSET, uint8_t servtd_hash[48]);
		AT(TDCS_SERVTD_NUM_OFFSET, uint16_t servtd_num);
		AT(TDCS_SERVTD_BINDINGS_TABLE_OFFSET, struct servtd_binding servtd_bindings[SERVTD_SLOTS]);
	};
};

/* Further pages of the TDCS. */
enum tdcs_page {
	TDCS_PAGE_MAIN = 0,
	TDCS_PAGE_MRTD = 1, /* the measurement while the TD is built */
	TDCS_PAGE_MSR_BITMAPS = 2,
	TDCS_PAGE_SEPT_ROOT = 3,
	TDCS_PAGE_ZERO = 4,
	TDCS_PAGE_MIGSC_LINKS = 5,
	TDCS_PAGE_L2_SEPT_ROOT = 6, /* of VM 1; VM 2 and 3 follow */
};

/* Page 0 of the TDVPS, the TDVPR page. */
struct tdvps {
	union {
		uint8_t page[PAGE_BYTES];
		AT(TDVPS_EXIT_REASON_OFFSET, uint32_t ve_exit_reason);
		AT(TDVPS_VALID_OFFSET, uint32_t ve_valid);
		AT(TDVPS_EXIT_QUALIFICATION_OFFSET, uint64_t ve_exit_qualification);
		AT(TDVPS_GLA_OFFSET, uint64_t ve_gla);
		AT(TDVPS_GPA_OFFSET, uint64_t ve_gpa);
		AT(TDVPS_EPTP_INDEX_OFFSET, uint16_t ve_eptp_index);
		AT(TDVPS_INSTRUCTION_LENGTH_OFFSET, uint32_t ve_instr_length);
		AT(TDVPS_INSTRUCTION_INFORMATION_OFFSET, uint32_t ve_instr_info);
		AT(TDVPS_VCPU_STATE_OFFSET, uint8_t state); /* enum vcpu_state */
		AT(TDVPS_LAST_TD_EXIT_OFFSET, uint8_t last_td_exit);
		AT_PACKED(TDVPS_VCPU_INDEX_OFFSET, uint32_t vcpu_index);
		AT(TDVPS_NUM_TDVPS_PAGES_OFFSET, uint8_t num_pages);
		AT(TDVPS_TDVPS_PAGE_PA_OFFSET, uint64_t page_pa[TDVPS_MAX]);
		AT(TDVPS_ASSOC_LPID_OFFSET, uint32_t assoc_lpid); /* LPID_NONE: not associated */
		AT(TDVPS_VCPU_EPOCH_OFFSET, uint64_t vcpu_epoch);
		AT(TDVPS_CPUID_SUPERVISOR_VE_OFFSET, uint8_t cpuid_supervisor_ve);
		AT(TDVPS_CPUID_USER_VE_OFFSET, uint8_t cpuid_user_ve);
		AT(TDVPS_LAST_EXIT_TSC_OFFSET, uint64_t last_exit_tsc);
		AT(TDVPS_PEND_NMI_OFFSET, uint8_t pend_nmi);
		AT(TDVPS_NMI_UNBLOCKING_DUE_TO_IRET_OFFSET, uint8_t nmi_unblocking_due_to_iret);
		AT(TDVPS_XFAM_OFFSET, uint64_t xfam);
		AT(TDVPS_LAST_EPF_GPA_LIST_IDX_OFFSET, uint8_t last_epf_gpa_list_idx);
		AT(TDVPS_POSSIBLY_EPF_STEPPING_OFFSET, uint8_t possibly_epf_stepping);
		AT(TDVPS_HP_LOCK_BUSY_START_OFFSET, uint64_t hp_lock_busy_start);
		AT(TDVPS_HP_LOCK_BUSY_OFFSET, uint8_t hp_lock_busy);
		AT_PACKED(0x20a, uint32_t export_count); /* internal: TDCS.EXPORT_COUNT at its last export */
		AT_PACKED(TDVPS_LAST_SEAMDB_INDEX_OFFSET, uint64_t last_seamdb_index);
		AT(TDVPS_CURR_VM_OFFSET, uint16_t curr_vm);
		AT(TDVPS_L2_EXIT_HOST_ROUTING_OFFSET, uint8_t l2_exit_host_routing);
		AT(TDVPS_VM_LAUNCHED_OFFSET, uint8_t vm_launched[MAX_VMS]);
		AT(TDVPS_LP_DEPENDENT_HPA_UPDATED_OFFSET, uint8_t lp_dependent_hpa_updated[MAX_VMS]);
		AT(TDVPS_MODULE_DEPENDENT_FIELDS_UPDATED_OFFSET,
		   uint8_t module_dependent_fields_updated[MAX_VMS]);
		AT(TDVPS_L2_CTLS_OFFSET, uint64_t l2_ctls[MAX_VMS]);
		AT(TDVPS_L2_DEBUG_CTLS_OFFSET, uint64_t l2_debug_ctls[MAX_VMS]);
		AT(TDVPS_TSC_DEADLINE_OFFSET, uint64_t tsc_deadline[MAX_VMS]);
		AT(TDVPS_SHADOW_TSC_DEADLINE_OFFSET, uint64_t shadow_tsc_deadline[MAX_VMS]);
		AT(TDVPS_BASE_L2_CR0_GUEST_HOST_MASK_OFFSET, uint64_t base_l2_cr0_guest_host_mask);
		AT(TDVPS_BASE_L2_CR0_READ_SHADOW_OFFSET, uint64_t base_l2_cr0_read_shadow);
		AT(TDVPS_BASE_L2_CR4_GUEST_HOST_MASK_OFFSET, uint64_t base_l2_cr4_guest_host_mask);
		AT(TDVPS_BASE_L2_CR4_READ_SHADOW_OFFSET, uint64_t base_l2_cr4_read_shadow);
		AT(TDVPS_SHADOW_CR0_GUEST_HOST_MASK_OFFSET, uint64_t shadow_cr0_guest_host_mask[MAX_VMS]);
		AT(TDVPS_SHADOW_CR0_READ_SHADOW_OFFSET, uint64_t shadow_cr0_read_shadow[MAX_VMS]);
		AT(TDVPS_SHADOW_CR4_GUEST_HOST_MASK_OFFSET, uint64_t shadow_cr4_guest_host_mask[MAX_VMS]);
		AT(TDVPS_SHADOW_CR4_READ_SHADOW_OFFSET, uint64_t shadow_cr4_read_shadow[MAX_VMS]);
		AT(TDVPS_SHADOW_INSTRUCTION_TIMEOUT_CONTROL_OFFSET, uint32_t shadow_instruction_timeout[MAX_VMS]);
		AT(TDVPS_SHADOW_PID_HPA_OFFSET, uint64_t shadow_pid_hpa[MAX_VMS]);
		AT(TDVPS_SHADOW_PINBASED_EXEC_CTLS_OFFSET, uint32_t shadow_pin_ctls[MAX_VMS]);
		AT(TDVPS_SHADOW_PLE_GAP_OFFSET, uint32_t shadow_ple_gap[MAX_VMS]);
		AT(TDVPS_SHADOW_PLE_WINDOW_OFFSET, uint32_t shadow_ple_window[MAX_VMS]);
		AT(TDVPS_SHADOW_POSTED_INT_NOTIFICATION_VECTOR_OFFSET,
		   uint16_t shadow_posted_intr_vector[MAX_VMS]);
		AT(TDVPS_SHADOW_PROCBASED_EXEC_CTLS2_OFFSET, uint32_t shadow_proc_ctls2[MAX_VMS]);
		AT(TDVPS_SHADOW_SHARED_EPTP_OFFSET, uint64_t shadow_shared_eptp[MAX_VMS]);
		AT(TDVPS_L2_ENTER_GUEST_STATE_GPA_OFFSET, uint64_t l2_enter_guest_state_gpa[MAX_VMS]);
		AT(TDVPS_L2_ENTER_GUEST_STATE_HPA_OFFSET, uint64_t l2_enter_guest_state_hpa[MAX_VMS]);
		AT(TDVPS_VE_INFO_GPA_OFFSET, uint64_t ve_info_gpa[MAX_VMS]);
		AT(TDVPS_VE_INFO_HPA_OFFSET, uint64_t ve_info_hpa[MAX_VMS]);
		AT(TDVPS_L2_VAPIC_GPA_OFFSET, uint64_t l2_vapic_gpa[MAX_VMS]);
		AT(TDVPS_L2_VAPIC_HPA_OFFSET, uint64_t l2_vapic_hpa[MAX_VMS]);
		AT(TDVPS_LAST_EPF_GPA_LIST_OFFSET, uint64_t last_epf_gpa_list[32]);
		AT(TDVPS_CPUID_CONTROL_OFFSET, uint8_t cpuid_control[128]);
		AT(TDVPS_RAX_OFFSET, uint64_t gpr[16]);
		AT(TDVPS_DR0_OFFSET, uint64_t dr[4]);
		AT(TDVPS_DR6_OFFSET, uint64_t dr6);
		AT(TDVPS_XCR0_OFFSET, uint64_t xcr0);
		AT(TDVPS_CR2_OFFSET, uint64_t cr2);
		AT(TDVPS_VCPU_STATE_DETAILS_OFFSET, uint64_t vcpu_state_details);
		AT(TDVPS_IA32_SPEC_CTRL_OFFSET, uint64_t msr_spec_ctrl);
		AT(TDVPS_IA32_UMWAIT_CONTROL_OFFSET, uint64_t msr_umwait_control);
		AT(TDVPS_IA32_TSX_CTRL_OFFSET, uint64_t msr_tsx_ctrl);
		AT(TDVPS_IA32_DS_AREA_OFFSET, uint64_t msr_ds_area);
		AT(TDVPS_IA32_XFD_OFFSET, uint64_t msr_xfd);
		AT(TDVPS_IA32_XFD_ERR_OFFSET, uint64_t msr_xfd_err);
		AT(TDVPS_IA32_XSS_OFFSET, uint64_t msr_xss);
		AT(TDVPS_IA32_LBR_DEPTH_OFFSET, uint64_t msr_lbr_depth);
		AT(TDVPS_IA32_STAR_OFFSET, uint64_t msr_star);
		AT(TDVPS_IA32_LSTAR_OFFSET, uint64_t msr_lstar);
		AT(TDVPS_IA32_FMASK_OFFSET, uint64_t msr_fmask);
		AT(TDVPS_IA32_KERNEL_GS_BASE_OFFSET, uint64_t msr_kernel_gs_base);
		AT(TDVPS_IA32_TSC_AUX_OFFSET, uint64_t msr_tsc_aux);
	};
};

/* Further pages of the TDVPS. */
enum tdvps_page {
	TDVPS_PAGE_MAIN = 0,
	TDVPS_PAGE_VMCS = 1,
	TDVPS_PAGE_VAPIC = 2,
	TDVPS_PAGE_XBUFF = 3, /* three pages */
	TDVPS_PAGE_L2 = 6, /* of VM 1: VMCS, MSR bitmaps, shadow MSR bitmaps; VM 2 and 3 follow */
};

_Static_assert(sizeof(struct tdr) == PAGE_BYTES && sizeof(struct tdcs) == PAGE_BYTES &&
	       sizeof(struct tdvps) == PAGE_BYTES, "control structures are pages");
_Static_assert(offsetof(struct tdr, seamdb_nonce) == 0x150, "TDR layout");
_Static_assert(offsetof(struct tdcs, servtd_bindings) == 0xd90 &&
	       offsetof(struct tdcs, xbuff_size) == 0xdc, "TDCS layout");
_Static_assert(offsetof(struct tdvps, vcpu_index) == 0x102 &&
	       offsetof(struct tdvps, last_seamdb_index) == 0x20e, "TDVPS layout");

/* A TD whose TDR was found. tdcs is NULL until six TDCX pages are there, and when its key is gone. */
struct td {
	uint64_t pa;
	struct tdr *tdr;
	struct tdcs *tdcs;
};

struct vcpu {
	uint64_t pa;
	struct tdvps *vps;
};

/* Page @k of the TDCS or TDVPS, NULL when that page was not added. */
void *td_page(const struct module *m, const struct td *td, unsigned k);
void *vcpu_page(const struct module *m, const struct vcpu *vp, unsigned k);

/* Fills @td from the address of a page that is known to be a TDR. */
void td_load(const struct module *m, uint64_t tdr_pa, struct td *td);
void vcpu_load(const struct module *m, uint64_t tdvpr_pa, struct vcpu *vp);

/* TDVPS fields of a new or imported vCPU that follow from the TD: L2 controls, masks and shadows. */
void vcpu_init_fields(const struct module *m, const struct td *td, struct tdvps *vps);

static inline bool td_debug(const struct td *td)
{
	return td->tdcs->attributes & TD_ATTR_DEBUG;
}

/* The GPA bit that tells shared from private, and the number of GPA bits. */
static inline uint64_t td_shared_bit(const struct td *td)
{
	return 1ull << (td->tdcs->gpaw ? 51 : 47);
}

static inline unsigned td_gpa_width(const struct td *td)
{
	return td->tdcs->gpaw ? 52 : 48;
}

/* TD_EPOCH, which TRACK may advance at any time but for who holds the epoch lock. */
static inline uint64_t td_epoch(const struct td *td)
{
	return __atomic_load_n(&td->tdcs->epoch, __ATOMIC_ACQUIRE);
}

static inline bool op_state_tracks(enum op_state s)
{
	return s == OP_STATE_RUNNABLE || s == OP_STATE_LIVE_EXPORT || s == OP_STATE_LIVE_IMPORT;
}

void td_add_children(struct td *td, int64_t pages);

const char *op_state_name(unsigned s);
const char *td_lifecycle_name(unsigned s);
const char *vcpu_state_name(unsigned s);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Numbers of the architecture (SDM volumes 3 and 4) that the processor and the TDX module share: bits of control
 * registers and flags, MSRs, and the formats that VMX gives exits and events.
 */
#ifndef VMX_X86_H
#define VMX_X86_H

#define CR0_PE (1ull << 0)
#define CR0_NE (1ull << 5)
#define CR0_WP (1ull << 16)
#define CR0_NW (1ull << 29)
#define CR0_CD (1ull << 30)
#define CR0_PG (1ull << 31)
#define CR4_PAE (1ull << 5)
#define CR4_MCE (1ull << 6)
#define CR4_LA57 (1ull << 12)
#define CR4_VMXE (1ull << 13)
#define CR4_SMXE (1ull << 14)
#define CR4_PCIDE (1ull << 17)
#define CR4_OSXSAVE (1ull << 18)
#define CR4_KL (1ull << 19)
#define CR4_PKE (1ull << 22)
#define CR4_CET (1ull << 23)
#define CR4_PKS (1ull << 24)
#define CR4_UINTR (1ull << 25)

#define RFLAGS_FIXED1 (1ull << 1)
#define RFLAGS_TF (1ull << 8)
#define RFLAGS_IF (1ull << 9)
#define RFLAGS_RF (1ull << 16)
#define RFLAGS_VM (1ull << 17)
#define EFER_SCE (1ull << 0)
#define EFER_LME (1ull << 8)
#define EFER_LMA (1ull << 10)
#define EFER_DEFINED 0xd01ull

#define DEBUGCTL_BTF (1ull << 1)
#define DEBUGCTL_TR (1ull << 6)
#define DEBUGCTL_BTS (1ull << 7)
#define DEBUGCTL_UNCORE_PMI (1ull << 13)
#define PENDING_DEBUG_BS (1ull << 14)

/* Components of XCR0, IA32_XSS and XFAM. */
#define XFAM_X87_SSE 0x3ull
#define XFAM_AVX (1ull << 2)
#define XFAM_AVX512 (7ull << 5)
#define XFAM_PT (1ull << 8)
#define XFAM_PKRU (1ull << 9)
#define XFAM_CET_U (1ull << 11)
#define XFAM_CET_S (1ull << 12)
#define XFAM_CET (XFAM_CET_U | XFAM_CET_S)
#define XFAM_ULI (1ull << 14)
#define XFAM_LBR (1ull << 15)
#define XFAM_AMX (3ull << 17)

/* An XSAVE area: bytes. */
#define XSAVE_MXCSR 24u
#define MXCSR_INIT 0x1f80u
#define XSAVE_X87 32u
#define XSAVE_X87_BYTES 128u
#define XSAVE_XMM 160u
#define XSAVE_XSTATE_BV 512u
#define XSAVE_XCOMP_BV 520u
#define XSTATE_X87 (1ull << 0)
#define XSTATE_SSE (1ull << 1)

enum x86_msr {
	MSR_TIME_STAMP_COUNTER = 0x10,
	MSR_APIC_BASE = 0x1b,
	MSR_TSC_ADJUST = 0x3b,
	MSR_SPEC_CTRL = 0x48,
	MSR_PRED_CMD = 0x49,
	MSR_KEYID_PARTITIONING = 0x87,
	MSR_WBINVDP = 0x98,
	MSR_WBNOINVDP = 0x99,
	MSR_MISC_PACKAGE_CTLS = 0xbc,
	MSR_XAPIC_DISABLE_STATUS = 0xbd,
	MSR_CORE_CAPABILITIES = 0xcf,
	MSR_UMWAIT_CONTROL = 0xe1,
	MSR_MTRRCAP = 0xfe,
	MSR_ARCH_CAPABILITIES = 0x10a,
	MSR_FLUSH_CMD = 0x10b,
	MSR_TSX_CTRL = 0x122,
	MSR_MISC_ENABLE = 0x1a0,
	MSR_DEBUGCTL = 0x1d9,
	MSR_SMRR_BASE = 0x1f2,
	MSR_SMRR_MASK = 0x1f3,
	MSR_SMRR2_BASE = 0x1f6,
	MSR_SMRR2_MASK = 0x1f7,
	MSR_PLATFORM_DCA_CAP = 0x1f8,
	MSR_DCA_0_CAP = 0x1fa,
	MSR_PERF_CAPABILITIES = 0x345,
	MSR_VMX_BASIC = 0x480,
	MSR_VMX_MISC = 0x485,
	MSR_VMX_CR0_FIXED0 = 0x486,
	MSR_VMX_CR0_FIXED1 = 0x487,
	MSR_VMX_CR4_FIXED0 = 0x488,
	MSR_VMX_CR4_FIXED1 = 0x489,
	MSR_VMX_PROC_CTLS2 = 0x48b,
	MSR_VMX_EPT_VPID_CAP = 0x48c,
	MSR_VMX_TRUE_PIN_CTLS = 0x48d,
	MSR_VMX_TRUE_PROC_CTLS = 0x48e,
	MSR_VMX_TRUE_EXIT_CTLS = 0x48f,
	MSR_VMX_TRUE_ENTRY_CTLS = 0x490,
	MSR_VMX_PROC_CTLS3 = 0x492,
	MSR_DS_AREA = 0x600,
	MSR_TSC_DEADLINE = 0x6e0,
	MSR_TME_CAPABILITY = 0x981,
	MSR_TME_ACTIVATE = 0x982,
	MSR_TME_EXCLUDE_BASE = 0x984,
	MSR_DEBUG_INTERFACE = 0xc80,
	MSR_XSS = 0xda0,
};
#define MSR_EFER 0xc0000080u

#define MISC_ENABLE_PERFMON (1ull << 7)
#define MISC_ENABLE_PEBS_UNAVAILABLE (1ull << 12)
#define MISC_ENABLE_MONITOR_FSM (1ull << 18)
#define MISC_ENABLE_LIMIT_CPUID (1ull << 22)

/* The MSR bitmaps: byte and bit of an MSR's read bit; its write bit is MSR_BITMAP_WRITES bytes further. */
#define MSR_BITMAP_WRITES 2048u
#define MSR_IN_BITMAP(msr) ((msr) < 0x2000u || ((msr) >= 0xc0000000u && (msr) < 0xc0002000u))
#define MSR_BITMAP_BYTE(msr) (((msr) >= 0xc0000000u ? 1024u : 0u) + ((msr) & 0x1fffu) / 8)
#define MSR_BITMAP_BIT(msr) (1u << ((msr) & 7))

/* Controls of the VMCS. */
#define VMX_PIN_NMI_EXITING (1u << 3)
#define VMX_PIN_PREEMPTION_TIMER (1u << 6)
#define VMX_PIN_POSTED_INTERRUPTS (1u << 7)
#define VMX_PROC_MWAIT_EXITING (1u << 10)
#define VMX_PROC_RDPMC_EXITING (1u << 11)
#define VMX_PROC_NMI_WINDOW (1u << 22)
#define VMX_PROC_MTF (1u << 27)
#define VMX_PROC_MONITOR_EXITING (1u << 29)
#define VMX_PROC2_VIRTUAL_X2APIC (1u << 4)
#define VMX_PROC2_APIC_REGISTERS (1u << 8)
#define VMX_PROC2_INTERRUPT_DELIVERY (1u << 9)
#define VMX_PROC2_PML (1u << 17)
#define VMX_PROC2_EPT_VIOLATION_VE (1u << 18)
#define VMX_PROC2_WAIT_PAUSE (1u << 26)
#define VMX_PROC2_PCONFIG (1u << 27)
#define VMX_PROC2_ENCLV_EXITING (1u << 28)
#define VMX_PROC3_GPAW (1u << 5)
#define VMX_EXIT_PERF_GLOBAL_CTRL (1u << 12 | 1u << 30)
#define VMX_ENTRY_IA32E (1u << 9)
#define VMX_ENTRY_PERF_GLOBAL_CTRL (1u << 13)
#define VMX_ENTRY_PKRS (1u << 22)

#define EXIT_REASONS 78u
#define EXIT_BASIC 0xffffu
#define EXIT_BUS_LOCK_BIT (1u << 26)
#define EXIT_ENTRY_FAILED (1u << 31)

/* Exit qualification of an EPT violation; bits 12:7 never reach the host. */
#define EPT_Q_READ (1ull << 0)
#define EPT_Q_WRITE (1ull << 1)
#define EPT_Q_FETCH (1ull << 2)
#define EPT_Q_PERMISSIONS(rwx) ((uint64_t)(rwx) << 3)
#define EPT_Q_GLA_VALID (1ull << 7)
#define EPT_Q_NMI_UNBLOCKING (1ull << 12)
#define EPT_Q_SHADOW_STACK (1ull << 13)
#define EPT_Q_HIDDEN 0x1f80ull

/* Interruption information as VM entry takes it and VM exit gives it. */
#define INTR_VALID (1u << 31)
#define INTR_ERROR_CODE (1u << 11)
#define INTR_TYPE(info) ((info) >> 8 & 7)
#define INTR_VECTOR(info) ((info) & 0xff)
#define INTR_RESERVED 0x7ffff000u
#define INTR_TYPE_NMI 2
#define INTR_TYPE_EXCEPTION 3

#define VECTOR_NMI 2
#define VECTOR_DF 8
#define VECTOR_PF 14
#define VECTOR_MC 18
#define VECTOR_VE 20
#define INJECT_NMI 0x80000202u
#define INJECT_UD 0x80000306u
#define INJECT_DF 0x80000b08u
#define INJECT_GP 0x80000b0du
#define INJECT_PF 0x80000b0eu
#define INJECT_MC 0x80000312u
#define INJECT_VE 0x80000314u

#define INTERRUPTIBILITY_STI (1u << 0)
#define INTERRUPTIBILITY_MOV_SS (1u << 1)
#define INTERRUPTIBILITY_NMI (1u << 3)
#define SEG_RIGHTS_L (1u << 13)
/* The virtualization exception information area: the mark of one not yet read. */
#define VE_INFO_VALID 0xffffffffu

/* Bits of MSRs, registers and error codes that the module looks at. */
#define MTRRCAP_SMRR (1ull << 11)
#define MTRRCAP_SMRR2 (1ull << 13)
#define MTRRCAP_SMRR_LOCK (1ull << 14)
#define SMRR_MASK_LOCK (1ull << 10)
#define SMRR_MASK_VALID (1ull << 11)
#define SMRR_ADDRESS 0xFFFFF000ull
#define TME_ACTIVATE_LOCK (1ull << 0)
#define TME_ACTIVATE_ALGS_SHIFT 48
#define PF_PRESENT (1u << 0)
#define PF_WRITE (1u << 1)
#define PF_USER (1u << 2)
#define PF_RESERVED (1u << 3)
#define PF_FETCH (1u << 4)
#define PF_SHADOW_STACK (1u << 6)
#define CPUID_1_ECX_OSXSAVE (1u << 27)
#define CPUID_1_EBX_APIC_ID_SHIFT 24
#define CPUID_7_EBX_HLE_RTM (1u << 4 | 1u << 11)
#define CPUID_7_ECX_OSPKE (1u << 4)
#define CPUID_80000001_EDX_SYSCALL (1u << 11)
#define TSX_CTRL_CPUID_CLEAR (1ull << 1)
#define HYPERVISOR_FIRST 0x40000000u
#define HYPERVISOR_LAST 0x4fffffffu
#define SPEC_CTRL_DDPD_U (1ull << 8)
#define APIC_BASE_ENABLE (1ull << 11)
#define PENDING_DEBUG_ANY (1ull << 12 | 1ull << 14 | 1ull << 16)
#define SMI_Q_MSMI 1ull
#define NOTIFICATION_Q_CONTEXT_INVALID (1ull << 0)
#define NOTIFICATION_Q_NMI_UNBLOCKING (1ull << 12)
#define PERF_CAP_PEBS_TO_PT (1ull << 16)
#define PERF_METRICS_AVAILABLE (1ull << 15)
#define EPT_VPID_CAP_PML5 (1ull << 7)
#define EPTP_SSS (1ull << 7)
#define XCOMP_COMPACT (1ull << 63)
#define DR6_RESET 0xffff0ff0u
#define BASIC_IO_EXIT_INFO (1ull << 54)
#define BASIC_TRUE_CTLS (1ull << 55)
#define EPT_Q_PERMISSION_XU (1ull << 6)

#endif

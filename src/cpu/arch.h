/* SPDX-License-Identifier: MIT */
/*
 * The architecture's bits and numbers: control registers, flags, exceptions, access rights, debug
 * registers.
 */
#ifndef CPU_ARCH_H
#define CPU_ARCH_H

#define CR0_PE	       (1ull << 0)
#define CR0_MP	       (1ull << 1)
#define CR0_EM	       (1ull << 2)
#define CR0_TS	       (1ull << 3)
#define CR0_ET	       (1ull << 4)
#define CR0_NE	       (1ull << 5)
#define CR0_WP	       (1ull << 16)
#define CR0_AM	       (1ull << 18)
#define CR0_NW	       (1ull << 29)
#define CR0_CD	       (1ull << 30)
#define CR0_PG	       (1ull << 31)
#define CR4_TSD	       (1ull << 2)
#define CR4_DE	       (1ull << 3)
#define CR4_PSE	       (1ull << 4)
#define CR4_PAE	       (1ull << 5)
#define CR4_PGE	       (1ull << 7)
#define CR4_PCE	       (1ull << 8)
#define CR4_OSFXSR     (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_UMIP       (1ull << 11)
#define CR4_LA57       (1ull << 12)
#define CR4_VMXE       (1ull << 13)
#define CR4_FSGSBASE   (1ull << 16)
#define CR4_PCIDE      (1ull << 17)
#define CR4_OSXSAVE    (1ull << 18)
#define CR4_SMEP       (1ull << 20)
#define CR4_SMAP       (1ull << 21)
#define EFER_SCE       (1ull << 0)
#define EFER_LME       (1ull << 8)
#define EFER_LMA       (1ull << 10)
#define EFER_NXE       (1ull << 11)

#define FLAG_CF	    (1u << 0)
#define FLAG_PF	    (1u << 2)
#define FLAG_AF	    (1u << 4)
#define FLAG_ZF	    (1u << 6)
#define FLAG_SF	    (1u << 7)
#define FLAG_TF	    (1u << 8)
#define FLAG_IF	    (1u << 9)
#define FLAG_DF	    (1u << 10)
#define FLAG_OF	    (1u << 11)
#define FLAG_IOPL   (3u << 12)
#define FLAG_NT	    (1u << 14)
#define FLAG_RF	    (1u << 16)
#define FLAG_VM	    (1u << 17)
#define FLAG_AC	    (1u << 18)
#define FLAG_VIF    (1u << 19)
#define FLAG_VIP    (1u << 20)
#define FLAG_ID	    (1u << 21)
#define FLAGS_ARITH (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)
#define FLAGS_ALL   0x3f7fd7u

/* Exception vectors. */
enum {
	EXC_DE = 0,
	EXC_DB = 1,
	EXC_NMI = 2,
	EXC_BP = 3,
	EXC_OF = 4,
	EXC_BR = 5,
	EXC_UD = 6,
	EXC_NM = 7,
	EXC_DF = 8,
	EXC_TS = 10,
	EXC_NP = 11,
	EXC_SS = 12,
	EXC_GP = 13,
	EXC_PF = 14,
	EXC_MF = 16,
	EXC_AC = 17,
	EXC_MC = 18,
	EXC_XM = 19,
	EXC_VE = 20
};

/* Access rights of a segment, VMX format. */
#define AR_TYPE	    0x0fu
#define AR_ACCESSED 0x01u
#define AR_WRITE    0x02u /* data: writable; code: readable */
#define AR_DOWN	    0x04u /* data: expands down; code: conforming */
#define AR_CODE	    0x08u
#define AR_S	    0x10u
#define AR_DPL(ar)  ((ar) >> 5 & 3)
#define AR_P	    0x80u
#define AR_L	    0x2000u
#define AR_DB	    0x4000u
#define AR_G	    0x8000u
#define AR_UNUSABLE 0x10000u

/* DR6, DR7 and pending debug exceptions. */
#define DR6_BD			   (1u << 13)
#define DR6_BS			   (1u << 14)
#define DR7_GD			   (1u << 13)
#define PENDING_ENABLED_BREAKPOINT (1u << 12)
#define PENDING_DEBUG		   (0xfu | DR6_BS)

#endif

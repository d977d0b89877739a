/* SPDX-License-Identifier: MIT */
/*
 * An x86-64 interpreter in the role of VMX non-root mode. It knows nothing of TDX: what leaves the
 * guest is an exit with the number, qualification and fields that VMX gives it (SDM volume 3,
 * chapters 25 to 28 and appendix C), and guest-physical memory is whatever the `translate` callback
 * says.
 *
 * One thread runs a vCPU at a time. Only the functions marked "any thread" may be called while
 * another thread is in cpu_run(). Everything in struct cpu_state may be read and written between
 * runs.
 */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Index into cpu_state.gpr: the architecture's register numbers. */
enum cpu_gpr {
	CPU_RAX,
	CPU_RCX,
	CPU_RDX,
	CPU_RBX,
	CPU_RSP,
	CPU_RBP,
	CPU_RSI,
	CPU_RDI,
	CPU_R8,
	CPU_R9,
	CPU_R10,
	CPU_R11,
	CPU_R12,
	CPU_R13,
	CPU_R14,
	CPU_R15,
	CPU_NR_GPR
};

/* Index into cpu_state.seg: the architecture's segment register numbers, then the system ones. */
enum cpu_seg { CPU_ES, CPU_CS, CPU_SS, CPU_DS, CPU_FS, CPU_GS, CPU_LDTR, CPU_TR, CPU_NR_SEG };

/* A segment register, access rights in VMX format (SDM table 25-2: bit 16 is "unusable"). */
struct cpu_segment {
	uint16_t selector;
	uint32_t access_rights;
	uint32_t limit;
	uint64_t base;
};

struct cpu_table {
	uint64_t base;
	uint16_t limit;
};

/* x87 and SSE state: the 64-bit FXSAVE image, which is also the legacy region of an XSAVE area. */
struct cpu_fx {
	uint16_t fcw, fsw;
	uint8_t ftw, reserved0; /* ftw: abridged, one bit per register, 1 is valid */
	uint16_t fop;
	uint64_t fip, fdp;
	uint32_t mxcsr, mxcsr_mask;
	uint8_t st[8][16]; /* ST(0) first; MM0..7 alias the physical registers */
	uint8_t xmm[16][16];
	uint8_t reserved1[96];
} __attribute__((aligned(64)));

/* cpu_state.interruptibility and .activity, as in the VMCS (SDM table 25-3 and section 25.4.2). */
#define CPU_BLOCKING_BY_STI    (1u << 0)
#define CPU_BLOCKING_BY_MOV_SS (1u << 1)
#define CPU_BLOCKING_BY_NMI    (1u << 3)

enum cpu_activity { CPU_ACTIVE, CPU_HLT, CPU_SHUTDOWN, CPU_WAIT_FOR_SIPI };

/* All architectural state of a vCPU, a plain structure: copying it is a snapshot. */
struct cpu_state {
	struct cpu_fx fx;
	uint64_t gpr[CPU_NR_GPR];
	uint64_t rip, rflags;
	uint64_t cr0, cr2, cr3, cr4, cr8, xcr0, efer;
	struct cpu_segment seg[CPU_NR_SEG];
	struct cpu_table gdtr, idtr;
	uint64_t dr[8]; /* dr[4] and dr[5] are unused */
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t star, lstar, cstar, fmask, kernel_gs_base;
	uint64_t pat, tsc_aux, xss;
	uint64_t pending_debug; /* VMCS pending debug exceptions; only BS (bit 14) is used */
	uint32_t interruptibility;
	uint32_t activity; /* enum cpu_activity */
};

/* VMX basic exit reasons that this CPU gives (SDM appendix C). */
enum cpu_exit_reason {
	CPU_EXIT_EXCEPTION = 0,
	CPU_EXIT_EXTERNAL_INTERRUPT = 1,
	CPU_EXIT_TRIPLE_FAULT = 2,
	CPU_EXIT_INTERRUPT_WINDOW = 7,
	CPU_EXIT_NMI_WINDOW = 8,
	CPU_EXIT_CPUID = 10,
	CPU_EXIT_GETSEC = 11,
	CPU_EXIT_HLT = 12,
	CPU_EXIT_INVD = 13,
	CPU_EXIT_INVLPG = 14,
	CPU_EXIT_RDPMC = 15,
	CPU_EXIT_RDTSC = 16,
	CPU_EXIT_RSM = 17,
	CPU_EXIT_VMCALL = 18,
	CPU_EXIT_VMCLEAR = 19,
	CPU_EXIT_VMLAUNCH = 20,
	CPU_EXIT_VMPTRLD = 21,
	CPU_EXIT_VMPTRST = 22,
	CPU_EXIT_VMREAD = 23,
	CPU_EXIT_VMRESUME = 24,
	CPU_EXIT_VMWRITE = 25,
	CPU_EXIT_VMXOFF = 26,
	CPU_EXIT_VMXON = 27,
	CPU_EXIT_CR = 28,
	CPU_EXIT_DR = 29,
	CPU_EXIT_IO = 30,
	CPU_EXIT_RDMSR = 31,
	CPU_EXIT_WRMSR = 32,
	CPU_EXIT_MWAIT = 36,
	CPU_EXIT_MTF = 37,
	CPU_EXIT_MONITOR = 39,
	CPU_EXIT_PAUSE = 40,
	CPU_EXIT_EPT_VIOLATION = 48,
	CPU_EXIT_INVEPT = 50,
	CPU_EXIT_RDTSCP = 51,
	CPU_EXIT_PREEMPTION_TIMER = 52,
	CPU_EXIT_INVVPID = 53,
	CPU_EXIT_WBINVD = 54,
	CPU_EXIT_XSETBV = 55,
	CPU_EXIT_INVPCID = 58,
	CPU_EXIT_VMFUNC = 59,
	CPU_EXIT_ENCLS = 60,
	CPU_EXIT_XSAVES = 63,
	CPU_EXIT_XRSTORS = 64,
	CPU_EXIT_PCONFIG = 65,
	CPU_EXIT_ENCLV = 70,
	CPU_EXIT_SEAMCALL = 76,
	CPU_EXIT_TDCALL = 77,
};

/*
 * Why cpu_run() returned. Fields have their VMCS format; those that a reason does not define are 0.
 * For exits caused by an instruction RIP still points at it and `insn_len` is its length: the
 * consumer that emulates it adds the length.
 */
struct cpu_exit {
	uint32_t reason; /* enum cpu_exit_reason */
	uint32_t insn_len;
	uint64_t qualification;
	uint64_t gla, gpa;
	uint32_t intr_info, intr_error; /* exit interruption information, error code */
	uint32_t vectoring_info,
		vectoring_error; /* IDT-vectoring: the event whose delivery met the exit */
	uint32_t insn_info;	 /* instruction information; string I/O, VMX instructions */
};

/* VM-entry interruption information (SDM table 25-17), also used in exits. */
#define CPU_INTR_VALID	       (1u << 31)
#define CPU_INTR_ERROR_CODE    (1u << 11)
#define CPU_INTR_TYPE(info)    ((info) >> 8 & 7)
#define CPU_INTR_VECTOR(info)  ((info)&0xff)
#define CPU_INTR(type, vector) (CPU_INTR_VALID | (uint32_t)(type) << 8 | (uint32_t)(vector))
enum cpu_intr_type {
	CPU_INTR_EXTERNAL = 0,
	CPU_INTR_NMI = 2,
	CPU_INTR_EXCEPTION = 3,
	CPU_INTR_SOFTWARE = 4,
	CPU_INTR_PRIV_SOFTWARE = 5,
	CPU_INTR_SOFTWARE_EXCEPTION = 6
};

/* cpu_controls.exits: which conditional exits are on. CPUID, INVD, XSETBV, VMX instructions,
 * SEAMCALL and TDCALL always exit. */
#define CPU_EXITS_HLT		   (1u << 0)
#define CPU_EXITS_IO		   (1u << 1) /* else ports read as ones and ignore writes */
#define CPU_EXITS_RDTSC		   (1u << 2) /* RDTSC and RDTSCP */
#define CPU_EXITS_RDPMC		   (1u << 3) /* else #GP */
#define CPU_EXITS_INVLPG	   (1u << 4) /* INVLPG and INVPCID */
#define CPU_EXITS_MWAIT		   (1u << 5) /* else #UD */
#define CPU_EXITS_MONITOR	   (1u << 6) /* else #UD */
#define CPU_EXITS_WBINVD	   (1u << 7) /* WBINVD and WBNOINVD */
#define CPU_EXITS_DR		   (1u << 8)
#define CPU_EXITS_PAUSE		   (1u << 9)
#define CPU_EXITS_CR3_LOAD	   (1u << 10)
#define CPU_EXITS_CR3_STORE	   (1u << 11)
#define CPU_EXITS_CR8_LOAD	   (1u << 12)
#define CPU_EXITS_CR8_STORE	   (1u << 13)
#define CPU_EXITS_INTERRUPT_WINDOW (1u << 14) /* before an instruction with IF=1 and no blocking   \
					       */
#define CPU_EXITS_NMI_WINDOW (1u << 15)
#define CPU_EXITS_MTF	     (1u << 16) /* after one instruction or one event delivery */
#define CPU_EXITS_PCONFIG    (1u << 17) /* else #UD */
#define CPU_EXITS_ENCLS	     (1u << 18) /* else #UD */
#define CPU_EXITS_NMI	     (1u << 19) /* an NMI exits with reason 0, else is delivered */

/* VM-execution controls. May be changed between runs. */
struct cpu_controls {
	uint32_t exits;		   /* CPU_EXITS_* */
	uint32_t exception_bitmap; /* bit n: exception n exits */
	uint64_t cr0_mask,
		cr0_shadow; /* guest/host mask: bits owned by the host read from the shadow, */
	uint64_t cr4_mask, cr4_shadow; /* and writing another value than the shadow's exits */
	uint64_t cr0_fixed1;	       /* clearing one of these with MOV to CR0 is #GP */
	uint64_t cr4_allowed;	       /* setting another bit with MOV to CR4 is #GP */
	uint64_t efer_allowed;	       /* setting another bit in EFER is #GP */
	uint64_t xcr0_allowed,
		xss_allowed; /* components XSAVE and XSAVES may hold; of those 0x3 exist here */
	uint8_t phys_bits;   /* guest-physical address width; higher page-table bits are reserved */
	uint64_t budget;     /* instructions until CPU_EXIT_PREEMPTION_TIMER; 0 is no limit */
};

/* What one access does, and what a mapping allows. */
#define CPU_READ  (1u << 0)
#define CPU_WRITE (1u << 1)
#define CPU_EXEC  (1u << 2)

/* One leaf of the second-stage translation. */
struct cpu_mapping {
	uint8_t *host;	      /* the first byte of the region in host memory */
	uint64_t gpa;	      /* its guest-physical address */
	uint64_t size;	      /* 4096 or 2 MiB; both addresses aligned to 4096 */
	uint32_t permissions; /* CPU_READ | CPU_WRITE | CPU_EXEC */
};

/* What an msr callback did. */
enum cpu_msr_answer {
	CPU_MSR_CPU,   /* the CPU's own register; #GP if it has none of that number */
	CPU_MSR_DONE,  /* served, *value is valid */
	CPU_MSR_FAULT, /* #GP(0) */
	CPU_MSR_EXIT,  /* exit 31 or 32 */
};

struct cpu_stop;

/* An instruction the interpreter has no handler for (or that is not one): the guest gets #UD. */
struct cpu_unknown {
	uint64_t rip;
	uint8_t bytes[15];
	uint8_t len;	      /* bytes fetched */
	const char *mnemonic; /* lower case; NULL when the bytes do not decode */
};

/*
 * The consumer's side. Callbacks run on the thread in cpu_run() and must not call cpu_run() or
 * cpu_destroy() of that vCPU. All but translate may be NULL.
 */
struct cpu_ops {
	/*
	 * Finds the region that holds `gpa`. Fills *out and returns true when `access` (one CPU_*
	 * bit) is allowed. When it is not, returns false with out->permissions those of the entry
	 * (0: not present): the guest exits with CPU_EXIT_EPT_VIOLATION. Answers are cached until
	 * cpu_flush_tlb_all().
	 */
	bool (*translate)(void *opaque, uint64_t gpa, uint32_t access, struct cpu_mapping *out);
	uint64_t (*rdtsc)(void *opaque);
	bool (*random)(void *opaque, uint64_t *value); /* RDRAND, RDSEED; false: CF=0 */
	/* Consulted at instruction boundaries with IF=1 after cpu_raise_interrupt(): vector to
	 * deliver, -1 for none. */
	int (*pending_vector)(void *opaque);
	void (*ack_vector)(void *opaque, int vector);
	enum cpu_msr_answer (*rdmsr)(void *opaque, uint32_t index, uint64_t *value);
	enum cpu_msr_answer (*wrmsr)(void *opaque, uint32_t index, uint64_t value);
	uint64_t (*read_cr8)(void *opaque);
	void (*write_cr8)(void *opaque, uint64_t value);
	void (*unknown)(void *opaque, const struct cpu_unknown *unknown);
	void (*stopped)(void *opaque, const struct cpu_stop *stop); /* cpu/probe.h */
};

struct cpu;
struct cpu_group;

/*
 * vCPUs that share memory: a write by one to code that another has decoded is noticed. A group
 * outlives its vCPUs. Returns NULL when out of memory.
 */
struct cpu_group *cpu_group_create(void);
void cpu_group_destroy(struct cpu_group *group);

/*
 * A vCPU in the reset state of a TD's: 32-bit protected mode without paging, flat segments, RIP
 * 0xfffffff0, CR0 0x21, CR4 0x40, EFER 0x901. `ops` is not copied. `group` may be NULL for a vCPU
 * alone. Returns NULL when out of memory.
 */
struct cpu *cpu_create(struct cpu_group *group, const struct cpu_ops *ops, void *opaque);
void cpu_destroy(struct cpu *cpu);
void cpu_reset(struct cpu *cpu);

struct cpu_state *cpu_state(struct cpu *cpu);
struct cpu_controls *cpu_controls(struct cpu *cpu);

/*
 * Makes the next cpu_run() begin by delivering an event, as VM entry does: `info` in VM-entry
 * interruption-information format, the error code if bit 11 is set, the instruction length for
 * software interrupts and exceptions. Returns false when info is not valid (reserved bits, type and
 * vector that do not match).
 */
bool cpu_inject(struct cpu *cpu, uint32_t info, uint32_t error_code, uint32_t insn_len);

/* Runs until an exit, which it describes in *exit. */
void cpu_run(struct cpu *cpu, struct cpu_exit *exit);

/* Any thread. Ends the run (the next one, if none is under way) with CPU_EXIT_EXTERNAL_INTERRUPT at
 * an instruction boundary. */
void cpu_kick(struct cpu *cpu);
/* Any thread. Makes the CPU ask ops->pending_vector when it next can take an interrupt (a posted
 * interrupt's notification). */
void cpu_raise_interrupt(struct cpu *cpu);
/* Any thread. Makes an NMI pending. */
void cpu_raise_nmi(struct cpu *cpu);
/*
 * Any thread. Forgets every cached translation before the next instruction block (INVEPT). Decoded
 * code is compared with memory before it is used again, so pages may have changed hands.
 */
void cpu_flush_tlb_all(struct cpu *cpu);

/* Any thread. The host wrote to this memory: instructions decoded from it are forgotten by all
 * vCPUs of the group. */
void cpu_invalidate_code(struct cpu_group *group, const void *host, size_t len);
struct cpu_group *cpu_group(struct cpu *cpu);

/* Instructions retired since cpu_create(); any thread, approximate while the CPU runs. */
uint64_t cpu_instructions(const struct cpu *cpu);

#endif

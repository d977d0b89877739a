/* SPDX-License-Identifier: MIT */
/*
 * Scripted guests: a test, not guest code, says what the TD's vCPU does next. Three ways:
 *
 * - as code: seamless_play() runs a function of the test that makes tdg_*() calls (play.h);
 *
 * - step by step: seamless_seamcall() of TDH.VP.ENTER answers SEAMLESS_TO_GUEST; the test sets
 * registers and hands in VM exits with seamless_vm_exit() until that answers SEAMLESS_TO_HOST;
 * - as a function: seamless_set_script() names one that is called for each stretch of guest
 * execution, and TDH.VP.ENTER works as usual. Without one, each entry ends at once with an external
 * interrupt.
 */
#ifndef SEAMLESS_GUEST_H
#define SEAMLESS_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "seamless/lp.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SEAMLESS_EXIT_INTERRUPT 1u
#define SEAMLESS_EXIT_TDCALL	77u

/* A VM exit in the terms of the VMCS (Intel SDM volume 3, chapter 28). */
struct seamless_vm_exit {
	uint32_t reason;       /* all 32 bits; 77 is TDCALL */
	uint32_t instr_length; /* bytes; TDCALL has 4 */
	uint64_t qualification;
	uint64_t guest_linear;
	uint64_t guest_physical;
	uint32_t intr_info, intr_error; /* VM-exit interruption information and error code */
	uint32_t idt_info, idt_error;	/* IDT vectoring information and error code */
	uint32_t instr_info;
};

/* Guest VMCS fields a script needs most; any other encoding works too. */
enum seamless_field {
	SEAMLESS_FIELD_GUEST_RIP = 0x681e,
	SEAMLESS_FIELD_GUEST_RFLAGS = 0x6820,
	SEAMLESS_FIELD_GUEST_EFER = 0x2806,
	SEAMLESS_FIELD_GUEST_CS_RIGHTS = 0x4816,
	SEAMLESS_FIELD_GUEST_SS_RIGHTS = 0x4818,
	SEAMLESS_FIELD_ENTRY_INTR_INFO =
		0x4016, /* the event that this entry injects; bit 31: there is one */
	SEAMLESS_FIELD_ENTRY_ERROR_CODE = 0x4018,
};

/*
 * The guest that runs on the calling thread's processor exits. regs: its registers, then those of
 * the side where execution continues. SEAMLESS_NOWHERE, and nothing changes: no guest runs here.
 */
enum seamless_where seamless_vm_exit(const struct seamless_vm_exit *exit,
				     struct seamless_regs *regs);

/* Whether a guest runs on the calling thread's processor, and which VM of the TD (0: L1, 1..3: L2).
 */
bool seamless_in_guest(unsigned *vm);

/* A VMCS field of the running guest, by encoding. False: no guest runs here, or there is no such
 * field. */
bool seamless_guest_field(uint32_t encoding, uint64_t *value);
bool seamless_set_guest_field(uint32_t encoding, uint64_t value);

/*
 * Puts the running guest into 64-bit mode at CPL 0 (EFER, CS, SS), where TDCALL works; a vCPU
 * starts in 32-bit mode. Nothing happens where no guest runs.
 */
void seamless_guest_64bit(void);

/*
 * One stretch of guest execution: from the registers at entry to those at the next VM exit,
 * described in *exit (zeroed before). Runs on the thread that made the call, which is bound:
 * seamless_guest_field() works. The function has to give an exit at last that leaves the TD; a kick
 * is its to notice (seamless_kicked()). An interrupt within 4096 ticks of the entry and without
 * progress of RIP looks like single-stepping to the module, which enters the guest again: let time
 * pass with seamless_advance_tsc().
 */
typedef void (*seamless_script)(void *opaque, struct seamless_regs *regs,
				struct seamless_vm_exit *exit);

/* NULL: none. Only for SEAMLESS_GUEST_SCRIPTED machines, while no guest runs. */
void seamless_set_script(struct seamless_machine *m, seamless_script script, void *opaque);

/* Whether an interrupt for the host is pending on the calling thread's processor. */
bool seamless_kicked(void);

/*
 * Where the running guest's guest-physical address is in physical memory: *pa, and *shared for a
 * shared one. False: no guest runs here, or nothing is mapped there that it may read.
 */
bool seamless_guest_translate(uint64_t gpa, uint64_t *pa, bool *shared);

/* --- Interpreted guests --- */

/* INVEPT by the host on processor `lp`, after it changed a shared EPT. False: no such lp. */
bool seamless_invept(struct seamless_machine *m, unsigned lp);

/*
 * The last instruction on processor `lp` that the interpreter does not have (the guest got #UD), as
 * a sentence; empty if there was none. Returns its length, as seamless_reason() does.
 */
size_t seamless_unknown_instruction(struct seamless_machine *m, unsigned lp, char *buf, size_t len);

/*
 * Where the guest on processor `lp` stood when it last left: "at 0x... in ring 0, interrupts on,
 * after N instructions"; empty if none ran. No thread may be in the guest on `lp`. Returns its
 * length, as seamless_reason() does.
 */
size_t seamless_guest_position(struct seamless_machine *m, unsigned lp, char *buf, size_t len);

/* The address of that place; 0 if no guest ran. */
uint64_t seamless_guest_rip(struct seamless_machine *m, unsigned lp);

/* Guest instructions executed on processor `lp` so far. */
uint64_t seamless_instructions(struct seamless_machine *m, unsigned lp);

#ifdef __cplusplus
}
#endif
#endif

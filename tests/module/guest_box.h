/* SPDX-License-Identifier: MIT */
/*
 * A finished TD with one vCPU on a machine without an interpreter: the test is the guest. One private page is mapped
 * at BOX_GPA; shared memory is not.
 */
#ifndef TEST_GUEST_BOX_H
#define TEST_GUEST_BOX_H

#include "module/guest.h"
#include "seamless/seamless.h"
#include "vmm/host.h"
#include "vmm/td.h"

#define BOX_GPA 0x100000ull
#define BOX_ABSENT 0x40000000ull

struct guest_box {
	struct seamless_machine *machine;
	struct vmm_host host;
	struct vmm_td td;
	struct seamless_regs regs; /* of whoever runs */
	enum seamless_where where;
};

void box_open(struct guest_box *b, uint64_t attributes);
/* The same with these pages from BOX_GPA on. */
void box_open_with(struct guest_box *b, const struct td_config *config, const uint8_t (*pages)[VMM_4K], unsigned count);
/* The same on a machine whose TSC goes as this line of a platform file says. */
void box_open_at(struct guest_box *b, const char *tsc, const struct td_config *config,
		 const uint8_t (*pages)[VMM_4K], unsigned count);
void box_close(struct guest_box *b);

/* TDH.VP.ENTER from the registers in b->regs, RAX and RCX excepted. */
void box_enter(struct guest_box *b);
void box_enter_flags(struct guest_box *b, uint64_t flags);
/* The guest exits for this reason; b->exit-like fields come from @e. */
void box_exit(struct guest_box *b, struct seamless_vm_exit e);
/* TDCALL of @leaf with b->regs. */
void box_tdcall(struct guest_box *b, uint64_t leaf);
/* Runs the guest on the interpreter until its next exit, which the module then has handled. */
void box_run(struct guest_box *b);
/* A host call of @leaf with RCX, RDX, R8: its status. */
uint64_t box_host(struct guest_box *b, uint64_t leaf, uint64_t rcx, uint64_t rdx, uint64_t r8);

uint64_t box_field(uint32_t encoding);
/* The event that this entry delivers, 0: none. */
uint32_t box_injected(void);
struct tdvps *box_vps(struct guest_box *b);
struct tdcs *box_tdcs(struct guest_box *b);

#endif

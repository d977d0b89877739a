// SPDX-License-Identifier: MIT
/*
 * Non-maskable interrupts: when one is held back. guest/ipi.c has who gets them.
 */
#include "guest/apic.h"
#include "tdx/tdx.h"

#define NMI_VECTOR 2
#define VE_VECTOR  20
#define WHILE	   20000

static _Atomic unsigned nmis, deep, deepest;
static unsigned again;		  /* NMIs that the handler sends itself */
static unsigned seen_before_info; /* NMIs while the information of a #VE was not read */
static _Atomic bool loops, leave;

static void pass_time(void)
{
	for (unsigned i = 0; i < WHILE; i++)
		__asm__ volatile("pause");
}

static void send(unsigned vcpu)
{
	msr_tell(APIC_COMMAND, (uint64_t)vcpu << 32 | COMMAND_NMI);
}

static void on_nmi(struct guest_frame *frame)
{
	(void)frame;
	if (++deep > deepest)
		deepest = deep;
	nmis++;
	if (again) {
		again--;
		send(0);
		pass_time();
	}
	deep--;
}

/* Sends itself an NMI before it reads the information, as one from elsewhere might come. */
static void on_ve(struct guest_frame *frame)
{
	struct tdg_vp_veinfo_get_out ve;
	unsigned before = nmis;

	send(0);
	pass_time();
	seen_before_info = nmis - before;
	if (!tdx_status_ok(tdg_vp_veinfo_get(&ve)))
		guest_fail("#VE without information");
	frame->rip += (uint32_t)ve.instr_len_info;
}

static void wait_for(unsigned count)
{
	while (nmis < count)
		__asm__ volatile("pause");
}

static void held_by_another(void)
{
	send(0);
	wait_for(1);
	check(nmis == 1, "an NMI, with interrupts off");
	again = 3;
	send(0);
	wait_for(5);
	pass_time();
	check(nmis == 5 && deepest == 1, "three sent by the handler come one after the other");
}

static void held_by_ve(void)
{
	guest_on(VE_VECTOR, on_ve);
	__asm__ volatile("outb %%al, $0x80" : : "a"(0) : "memory");
	check(!seen_before_info, "none comes before the information of a #VE was read");
	wait_for(6);
	check(nmis == 6, "but then");
	guest_on(VE_VECTOR, NULL);
}

/* The other vCPU neither takes interrupts nor calls the VMM. */
static void into_a_loop(void)
{
	while (!loops)
		__asm__ volatile("pause");
	send(1);
	wait_for(7);
	leave = true;
	check(nmis == 7, "one reaches a vCPU that loops with interrupts off");
}

void guest_main(const struct guest_boot *boot)
{
	struct tdg_vp_info_out info;

	guest_on(NMI_VECTOR, on_nmi);
	if (boot->vcpu) {
		loops = true;
		while (!leave)
			;
		return;
	}
	tdg_vp_info(&info);
	put("NMI guest\n");
	apic_enable();
	held_by_another();
	held_by_ve();
	if ((unsigned)info.vcpus > 1)
		into_a_loop();
	put("PASS\n");
}

// SPDX-License-Identifier: MIT
/*
 * Interrupts between vCPUs: to one by its id and by its logical id, to all others, to all, to
 * itself; NMIs, also into HLT with interrupts blocked. Every vCPU waits in HLT when it has nothing
 * to do.
 */
#include "guest/apic.h"
#include "tdx/tdx.h"

#define PING   0x51
#define PONG   0x52
#define ALL    0x53
#define SELF   0x54
#define NMI    2
#define ROUNDS 500
#define MAX    64

static _Atomic unsigned ready, finished, everyone, nmis;
static _Atomic unsigned pings[MAX], stage;
static volatile unsigned pongs, selves;

static uint64_t to(unsigned vcpu)
{
	return (uint64_t)vcpu << 32;
}

static void end_of_interrupt(void)
{
	wrmsr(APIC_EOI, 0);
}

static void on_ping(struct guest_frame *frame)
{
	unsigned id = (unsigned)msr_ask(APIC_ID);

	(void)frame;
	pings[id]++;
	end_of_interrupt();
	msr_tell(APIC_COMMAND, to(0) | PONG);
}

static void on_pong(struct guest_frame *frame)
{
	(void)frame;
	pongs++;
	end_of_interrupt();
}

static void on_all(struct guest_frame *frame)
{
	(void)frame;
	everyone++;
	end_of_interrupt();
}

static void on_self(struct guest_frame *frame)
{
	(void)frame;
	selves++;
	end_of_interrupt();
}

static void on_nmi(struct guest_frame *frame)
{
	(void)frame;
	nmis++;
}

/* Others count: their last step brings no interrupt here. */
static void wait_for(const _Atomic unsigned *counter, unsigned value)
{
	interrupts_on();
	while (*counter < value)
		__asm__ volatile("pause");
	interrupts_off();
}

static void ping_pong(unsigned vcpus)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned vcpu = 1 + i % (vcpus - 1), before = pongs;

		msr_tell(APIC_COMMAND, to(vcpu) | PING);
		while (pongs == before)
			wait_for_interrupt();
	}
	check(pongs == ROUNDS, "every ping was answered");
	msr_tell(APIC_COMMAND, to(1 << 1) | COMMAND_LOGICAL | PING);
	while (pongs == ROUNDS)
		wait_for_interrupt();
	check(pings[1] == ROUNDS / (vcpus - 1) + (ROUNDS % (vcpus - 1) > 0) + 1,
	      "so was one to a logical id");
}

static void broadcast(unsigned vcpus)
{
	msr_tell(APIC_COMMAND, COMMAND_TO_OTHERS | ALL);
	wait_for(&everyone, vcpus - 1);
	check(everyone == vcpus - 1, "all others got one, the sender did not");
	msr_tell(APIC_COMMAND, COMMAND_TO_ALL | ALL);
	wait_for(&everyone, 2 * vcpus - 1);
	check(everyone == 2 * vcpus - 1, "all got one, with the sender");
	msr_tell(APIC_COMMAND, to(UINT32_MAX) | ALL);
	wait_for(&everyone, 3 * vcpus - 1);
	check(everyone == 3 * vcpus - 1, "so they did by the id of all");
}

static void oneself(void)
{
	wrmsr(APIC_SELF_IPI, SELF);
	interrupts_on();
	while (selves < 1)
		__asm__ volatile("pause");
	interrupts_off();
	check(selves == 1, "a self-IPI by its own register");
	msr_tell(APIC_COMMAND, COMMAND_TO_SELF | SELF);
	while (selves < 2)
		wait_for_interrupt();
	check(selves == 2, "and by the command register");
	msr_tell(APIC_COMMAND, to(0) | 3);
	msr_tell(APIC_ERROR, 0);
	check(msr_ask(APIC_ERROR) == 0x20, "a vector below 16 is not sent, and an error");
	msr_tell(APIC_ERROR, 0);
	check(!msr_ask(APIC_ERROR), "which is told once");
	msr_tell(APIC_COMMAND, to(63) | PING);
	msr_tell(APIC_COMMAND, to(0) | 5 << 8);
	check(true, "nobody has id 63; INIT is not for TDs");
}

/* A high task priority holds back what is lower. */
static void priority(void)
{
	wrmsr(APIC_TPR, 0xf0);
	wrmsr(APIC_SELF_IPI, SELF);
	interrupts_on();
	for (unsigned i = 0; i < 100; i++)
		__asm__ volatile("pause");
	check(selves == 2, "the task priority holds an interrupt back");
	wrmsr(APIC_TPR, 0);
	while (selves < 3)
		__asm__ volatile("pause");
	interrupts_off();
	check(selves == 3, "until it is lowered");
}

static void non_maskable(unsigned vcpus)
{
	unsigned before = nmis;

	msr_tell(APIC_COMMAND, COMMAND_NMI | to(0));
	wait_for(&nmis, before + 1);
	check(nmis == before + 1, "an NMI to itself, with interrupts off");
	stage = 1;
	msr_tell(APIC_COMMAND, COMMAND_TO_OTHERS | ALL); /* so that they see it */
	wait_for(&finished, vcpus - 1);
	msr_tell(APIC_COMMAND, COMMAND_NMI | COMMAND_TO_OTHERS);
	wait_for(&nmis, before + vcpus);
	check(nmis == before + vcpus, "NMIs into HLT with interrupts blocked");
}

/* Halts for interrupts until told to block them. */
static void serve(void)
{
	ready++;
	while (!stage)
		wait_for_interrupt();
	finished++;
	tdg_vp_vmcall_instruction_hlt(1);
}

void guest_main(const struct guest_boot *boot)
{
	struct tdg_vp_info_out info;
	unsigned vcpus;

	guest_on(PING, on_ping);
	guest_on(PONG, on_pong);
	guest_on(ALL, on_all);
	guest_on(SELF, on_self);
	guest_on(NMI, on_nmi);
	apic_enable();
	tdg_vp_info(&info);
	vcpus = (unsigned)info.vcpus;
	if (boot->vcpu) {
		serve();
		return;
	}
	put("IPI guest\n");
	wait_for(&ready, vcpus - 1);
	if (vcpus > 1) {
		ping_pong(vcpus);
		broadcast(vcpus);
	}
	oneself();
	priority();
	non_maskable(vcpus);
	put("PASS\n");
}

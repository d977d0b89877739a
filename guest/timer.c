// SPDX-License-Identifier: MIT
/*
 * The local APIC's timer in its three modes, with and without HLT, each check from inside the
 * guest.
 */
#include "guest/apic.h"

#define VECTOR	   0x41
#define MS	   1000000ull /* of the TSC, which runs at 1 GHz */
#define TIMER_TICK 40	      /* TSC ticks per tick of the timer, 25 MHz */

static volatile unsigned fired;
static volatile uint64_t fired_at;

static void on_timer(struct guest_frame *frame)
{
	(void)frame;
	fired_at = rdtsc();
	fired++;
	wrmsr(APIC_EOI, 0);
}

static void wait_for(unsigned count)
{
	while (fired < count)
		wait_for_interrupt();
}

/* Passes time with the interrupt still off, so that it is pending afterwards. */
static void spin_until(uint64_t tsc)
{
	while (rdtsc() < tsc)
		__asm__ volatile("pause");
}

static void deadlines(void)
{
	uint64_t deadline;

	msr_tell(APIC_LVT_TIMER, TIMER_TSC_DEADLINE | VECTOR);
	deadline = rdtsc() + MS;
	msr_tell(APIC_TSC_DEADLINE, deadline);
	wait_for(1);
	check(fired == 1 && fired_at >= deadline, "a TSC deadline ends HLT, not before its time");
	check(!msr_ask(APIC_TSC_DEADLINE), "it is disarmed by that");
	msr_tell(APIC_TSC_DEADLINE, rdtsc() - MS);
	wait_for(2);
	check(fired == 2, "one in the past is reached at once");
	deadline = rdtsc() + 1000000 * MS;
	msr_tell(APIC_TSC_DEADLINE, deadline);
	check(msr_ask(APIC_TSC_DEADLINE) == deadline, "an armed one can be read");
	msr_tell(APIC_TSC_DEADLINE, 0);
	check(!msr_ask(APIC_TSC_DEADLINE), "0 disarms it");
	msr_tell(APIC_TSC_DEADLINE, rdtsc() + MS);
	interrupts_on();
	while (fired < 3)
		__asm__ volatile("pause");
	interrupts_off();
	check(fired == 3, "it interrupts a loop");
}

/* No wake-up is lost that comes between the look at a flag and HLT. */
static void pending_before_hlt(void)
{
	uint64_t deadline = rdtsc() + MS / 10;

	msr_tell(APIC_TSC_DEADLINE, deadline);
	spin_until(deadline + MS);
	check(fired == 3, "with interrupts off it waits");
	wait_for_interrupt();
	check(fired == 4, "HLT returns for what came before it");
	for (unsigned i = 0; i < 200; i++) {
		msr_tell(APIC_TSC_DEADLINE, rdtsc() + i * 500);
		wait_for(5 + i);
	}
	check(fired == 204, "two hundred deadlines around HLT, none lost");
	fired = 0;
}

static void one_shot(void)
{
	uint64_t start;
	uint32_t count;

	msr_tell(APIC_DIVIDE, 0xb);
	msr_tell(APIC_LVT_TIMER, TIMER_ONE_SHOT | VECTOR);
	check(!msr_ask(APIC_CURRENT), "the timer stands");
	msr_tell(APIC_TSC_DEADLINE, 1);
	check(!msr_ask(APIC_TSC_DEADLINE), "a TSC deadline has no effect in this mode");
	start = rdtsc();
	msr_tell(APIC_INITIAL, 5 * MS / TIMER_TICK);
	count = (uint32_t)msr_ask(APIC_CURRENT);
	check(count <= 5 * MS / TIMER_TICK, "it counts down");
	wait_for(1);
	check(fired_at - start >= 5 * MS, "at 25 MHz");
	check(!msr_ask(APIC_CURRENT), "once");
	msr_tell(APIC_DIVIDE, 0x3); /* by 16 */
	start = rdtsc();
	msr_tell(APIC_INITIAL, MS / TIMER_TICK);
	wait_for(2);
	check(fired_at - start >= 16 * MS, "divided by 16");
}

static void periodic(void)
{
	uint64_t start = rdtsc();

	msr_tell(APIC_DIVIDE, 0xb);
	msr_tell(APIC_LVT_TIMER, TIMER_PERIODIC | VECTOR);
	msr_tell(APIC_INITIAL, 2 * MS / TIMER_TICK);
	fired = 0;
	wait_for(5);
	check(fired_at - start >= 10 * MS, "five periods");
	msr_tell(APIC_LVT_TIMER, TIMER_PERIODIC | LVT_MASKED | VECTOR);
	spin_until(rdtsc() + 5 * MS);
	interrupts_on();
	interrupts_off();
	fired = 0;
	spin_until(rdtsc() + 10 * MS);
	interrupts_on();
	interrupts_off();
	check(!fired, "masked, it does not interrupt");
	check(msr_ask(APIC_CURRENT) <= 2 * MS / TIMER_TICK, "but counts on");
	msr_tell(APIC_INITIAL, 0);
	check(!msr_ask(APIC_CURRENT), "0 stops it");
}

void guest_main(const struct guest_boot *boot)
{
	if (boot->vcpu)
		return;
	put("timer guest\n");
	guest_on(VECTOR, on_timer);
	apic_enable();
	deadlines();
	pending_before_hlt();
	one_shot();
	periodic();
	put("PASS\n");
}

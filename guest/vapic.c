// SPDX-License-Identifier: MIT
/*
 * The virtual-APIC page: what a vCPU sees of its interrupts without an exit. They are requested in
 * IRR, served by priority into ISR, ended by EOI, and held back by TPR, which is CR8 too.
 */
#include "guest/apic.h"
#include "tdx/tdx.h"

#define APIC_PPR   0x80a
#define APIC_ISR   0x810
#define APIC_TMR   0x818
#define APIC_IRR   0x820
#define LOWEST	   0x31
#define LOW	   0x41
#define MIDDLE	   0x61
#define HIGH	   0x72
#define MAX_SERVED 16

/* What a handler found. */
struct served {
	uint8_t vector;
	bool in_isr, in_irr;
	uint64_t ppr;
};

static struct served served[MAX_SERVED];
static unsigned count;
static uint8_t send_from_low[2]; /* what the handler of LOW sends while it lets others in */

static bool is_set(uint32_t first, uint8_t vector)
{
	return rdmsr(first + vector / 32) >> vector % 32 & 1;
}

static bool none_set(uint32_t first)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i < 8; i++)
		any |= rdmsr(first + i);
	return !any;
}

static void on_interrupt(struct guest_frame *frame)
{
	uint8_t vector = (uint8_t)frame->vector;

	if (count == MAX_SERVED)
		guest_fail("more interrupts than were sent");
	served[count++] = (struct served){ vector, is_set(APIC_ISR, vector),
					   is_set(APIC_IRR, vector), rdmsr(APIC_PPR) };
	if (vector == LOW && send_from_low[0]) {
		wrmsr(APIC_SELF_IPI, send_from_low[0]);
		wrmsr(APIC_SELF_IPI, send_from_low[1]);
		send_from_low[0] = 0;
		__asm__ volatile("sti; nop; nop; cli" : : : "memory");
	}
	wrmsr(APIC_EOI, 0);
}

static void let_in(void)
{
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
}

/* Were these served, in this order, each as its handler should have found it? */
static void check_served(const uint8_t *vectors, unsigned number, const char *what)
{
	bool right = count == number;

	for (unsigned i = 0; right && i < number; i++)
		right = served[i].vector == vectors[i] && served[i].in_isr && !served[i].in_irr &&
			served[i].ppr == (vectors[i] & 0xf0);
	check(right, what);
	check(none_set(APIC_ISR) && none_set(APIC_IRR), "nothing is left in ISR or IRR");
	count = 0;
}

static void by_priority(void)
{
	wrmsr(APIC_SELF_IPI, LOW);
	wrmsr(APIC_SELF_IPI, HIGH);
	wrmsr(APIC_SELF_IPI, MIDDLE);
	wrmsr(APIC_SELF_IPI, MIDDLE);
	check(is_set(APIC_IRR, LOW) && is_set(APIC_IRR, MIDDLE) && is_set(APIC_IRR, HIGH) &&
		      none_set(APIC_ISR) && !rdmsr(APIC_PPR),
	      "with interrupts off they wait in IRR");
	let_in();
	check_served((const uint8_t[]){ HIGH, MIDDLE, LOW }, 3,
		     "then the highest comes first, each once, with its ISR bit and PPR");
	check(none_set(APIC_TMR), "none is level-triggered");
}

static void nested(void)
{
	send_from_low[0] = LOWEST;
	send_from_low[1] = HIGH;
	wrmsr(APIC_SELF_IPI, LOW);
	let_in();
	check_served((const uint8_t[]){ LOW, HIGH, LOWEST }, 3,
		     "a handler is interrupted by a higher priority, not by a lower one");
}

static uint64_t read_cr8(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr8, %0" : "=r"(value));
	return value;
}

static void write_cr8(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr8" : : "r"(value) : "memory");
}

static void task_priority(void)
{
	write_cr8(6);
	check(rdmsr(APIC_TPR) == 0x60 && rdmsr(APIC_PPR) == 0x60, "CR8 is TPR, which is in PPR");
	wrmsr(APIC_SELF_IPI, MIDDLE);
	wrmsr(APIC_SELF_IPI, HIGH);
	let_in();
	check(count == 1 && served[0].vector == HIGH && is_set(APIC_IRR, MIDDLE),
	      "it holds its own class back, not a higher one");
	count = 0;
	wrmsr(APIC_TPR, 0x50);
	check(read_cr8() == 5, "TPR is CR8");
	let_in();
	check_served((const uint8_t[]){ MIDDLE }, 1, "lowered, it lets it in");
	wrmsr(APIC_TPR, 0);
}

/* By way of the VMM and the posted-interrupt descriptor. */
static void posted(void)
{
	msr_tell(APIC_COMMAND, LOW);
	msr_tell(APIC_COMMAND, MIDDLE);
	msr_tell(APIC_COMMAND, LOW);
	wrmsr(APIC_SELF_IPI, LOW);
	check(!count, "posted ones wait too");
	let_in();
	check_served((const uint8_t[]){ MIDDLE, LOW }, 2, "and are one with those of the page");
	wrmsr(APIC_EOI, 0);
	check(none_set(APIC_ISR), "an EOI for nothing does nothing");
}

void guest_main(const struct guest_boot *boot)
{
	static const uint8_t used[] = { LOWEST, LOW, MIDDLE, HIGH };

	if (boot->vcpu)
		return;
	put("virtual APIC guest\n");
	for (unsigned i = 0; i < sizeof(used); i++)
		guest_on(used[i], on_interrupt);
	apic_enable();
	by_priority();
	nested();
	task_priority();
	posted();
	put("PASS\n");
}

// SPDX-License-Identifier: MIT
/*
 * The local APIC by itself, with a clock that the test sets.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "vmm/clock.h"
#include "vmm/lapic.h"

#define SPURIOUS 0x80f
#define ERRORS	 0x828
#define COMMAND	 0x830
#define TIMER	 0x832
#define LINT0	 0x835
#define INITIAL	 0x838
#define CURRENT	 0x839
#define DIVIDE	 0x83e
#define DEADLINE LAPIC_MSR_TSC_DEADLINE

#define TICK	     40
#define MASKED	     (1u << 16)
#define PERIODIC     (1u << 17)
#define TSC_DEADLINE (1u << 18)
#define VECTOR	     0x40

struct world {
	struct lapic_ops ops;
	struct lapic lapic;
	uint64_t now, armed;
	unsigned interrupts, last_vector, sent;
	struct lapic_message message;
};

static uint64_t now(void *opaque)
{
	const struct world *w = opaque;

	return w->now;
}

static void arm(void *opaque, unsigned index, uint64_t deadline)
{
	struct world *w = opaque;

	assert_int_equal(index, 5);
	w->armed = deadline;
}

static void interrupt(void *opaque, unsigned index, uint8_t vector)
{
	struct world *w = opaque;

	assert_int_equal(index, 5);
	w->interrupts++;
	w->last_vector = vector;
}

static void send(void *opaque, unsigned from, const struct lapic_message *message)
{
	struct world *w = opaque;

	assert_int_equal(from, 5);
	w->sent++;
	w->message = *message;
}

static void put(struct world *w, uint32_t msr, uint64_t value)
{
	assert_true(lapic_write(&w->lapic, msr, value));
}

static uint64_t get(struct world *w, uint32_t msr)
{
	uint64_t value;

	assert_true(lapic_read(&w->lapic, msr, &value));
	return value;
}

static void open_world(struct world *w)
{
	*w = (struct world){
		.ops = { .now = now,
			 .arm = arm,
			 .interrupt = interrupt,
			 .send = send,
			 .tick = TICK },
		.now = 1000000,
		.armed = CLOCK_NEVER,
	};
	w->ops.opaque = w;
	lapic_init(&w->lapic, &w->ops, 5);
	put(w, SPURIOUS, 0x1ff);
	put(w, DIVIDE, 0xb);
}

/* Lets time pass up to `at`, with the alarm where the APIC wants it. */
static void pass(struct world *w, uint64_t at)
{
	while (w->armed <= at) {
		w->now = w->armed > w->now ? w->armed : w->now;
		lapic_expire(&w->lapic);
	}
	w->now = at;
}

static void registers(void **state)
{
	struct world w;
	uint64_t value;

	(void)state;
	open_world(&w);
	assert_int_equal(get(&w, 0x802), 5);
	assert_int_equal(get(&w, 0x803), 0x50014);
	assert_int_equal(get(&w, 0x80d), 1 << 5);
	assert_int_equal(lapic_logical_id(37), 2 << 16 | 1 << 5);
	assert_int_equal(get(&w, LINT0), MASKED);
	put(&w, LINT0, 0x700);
	assert_int_equal(get(&w, LINT0), 0x700);
	put(&w, SPURIOUS, 0xff);
	assert_int_equal(get(&w, LINT0), MASKED | 0x700);
	put(&w, LINT0, 0x700);
	assert_int_equal(get(&w, LINT0), MASKED | 0x700);
	assert_false(lapic_read(&w.lapic, 0x80c, &value));
	assert_false(lapic_write(&w.lapic, 0x802, 1));
	assert_false(lapic_write(&w.lapic, CURRENT, 1));
	assert_true(lapic_has(0x830) && lapic_has(DEADLINE) && !lapic_has(0x840) &&
		    !lapic_has(0x1b));
	lapic_free(&w.lapic);
}

static void one_shot(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	put(&w, TIMER, VECTOR);
	put(&w, INITIAL, 1000);
	assert_int_equal(w.armed, 1000000 + 1000 * TICK);
	pass(&w, 1000000 + 400 * TICK);
	assert_int_equal(get(&w, CURRENT), 600);
	put(&w, DIVIDE, 0); /* by 2: the rest takes twice as long */
	assert_int_equal(get(&w, CURRENT), 600);
	assert_int_equal(w.armed, 1000000 + 400 * TICK + 600 * 2 * TICK);
	lapic_expire(&w.lapic); /* an alarm that comes early does nothing */
	assert_int_equal(w.interrupts, 0);
	assert_true(lapic_armed(&w.lapic));
	pass(&w, 1000000 + 1600 * TICK);
	assert_int_equal(w.interrupts, 1);
	assert_int_equal(w.last_vector, VECTOR);
	assert_false(lapic_armed(&w.lapic));
	assert_int_equal(get(&w, CURRENT), 0);
	assert_int_equal(get(&w, INITIAL), 1000);
	lapic_free(&w.lapic);
}

static void periodic(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	put(&w, TIMER, PERIODIC | VECTOR);
	put(&w, INITIAL, 10000);
	pass(&w, 1000000 + 10 * 10000 * TICK);
	assert_int_equal(w.interrupts, 10);
	/* the host was away for seven periods and a half: one interrupt, and the rhythm stays */
	w.now = 1000000 + 18 * 10000 * TICK - 5000 * TICK;
	lapic_expire(&w.lapic);
	assert_int_equal(w.interrupts, 11);
	assert_int_equal(w.armed, 1000000 + 18 * 10000 * TICK);
	put(&w, TIMER, PERIODIC | MASKED | VECTOR);
	pass(&w, 1000000 + 20 * 10000 * TICK);
	assert_int_equal(w.interrupts, 11);
	put(&w, INITIAL, 0);
	assert_false(lapic_armed(&w.lapic));
	put(&w, TIMER, PERIODIC | VECTOR);
	put(&w, INITIAL, 1); /* the host is not kept busy */
	assert_true(w.armed >= w.now + CLOCK_MS / 10);
	lapic_free(&w.lapic);
}

static void deadlines(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	put(&w, DEADLINE, 5000000);
	assert_int_equal(get(&w, DEADLINE), 0);
	put(&w, TIMER, TSC_DEADLINE | VECTOR);
	put(&w, INITIAL, 1000);
	assert_int_equal(get(&w, INITIAL), 0);
	put(&w, DEADLINE, 5000000);
	assert_int_equal(get(&w, DEADLINE), 5000000);
	assert_int_equal(get(&w, CURRENT), 0);
	pass(&w, 4999999);
	assert_int_equal(w.interrupts, 0);
	pass(&w, 5000000);
	assert_int_equal(w.interrupts, 1);
	assert_int_equal(get(&w, DEADLINE), 0);
	put(&w, DEADLINE, 1);
	assert_int_equal(w.interrupts, 2);
	assert_false(lapic_armed(&w.lapic));
	put(&w, DEADLINE, 6000000);
	put(&w, TIMER, VECTOR); /* another mode stops it */
	assert_false(lapic_armed(&w.lapic));
	put(&w, TIMER, TSC_DEADLINE | MASKED | VECTOR);
	put(&w, DEADLINE, 1);
	put(&w, TIMER, TSC_DEADLINE | 3);
	put(&w, DEADLINE, 1);
	assert_int_equal(w.interrupts, 2); /* masked; a vector that no APIC delivers */
	lapic_free(&w.lapic);
}

static void commands(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	put(&w, COMMAND, 3ull << 32 | VECTOR);
	assert_true(lapic_message_is_for(&w.message, 5, 3));
	assert_false(lapic_message_is_for(&w.message, 5, 5));
	assert_int_equal(w.message.vector, VECTOR);
	put(&w, COMMAND, 1 << 18 | 1 << 11 | VECTOR); /* to itself */
	assert_true(lapic_message_is_for(&w.message, 5, 5));
	assert_false(lapic_message_is_for(&w.message, 5, 0));
	put(&w, COMMAND, 3 << 18 | 4 << 8); /* NMI to all others */
	assert_int_equal(w.message.delivery, LAPIC_NMI);
	assert_false(lapic_message_is_for(&w.message, 5, 5));
	assert_true(lapic_message_is_for(&w.message, 5, 0));
	put(&w, COMMAND, 0x20021ull << 32 | 1 << 11 | VECTOR); /* members 0 and 5 of cluster 2 */
	assert_true(lapic_message_is_for(&w.message, 5, 32));
	assert_true(lapic_message_is_for(&w.message, 5, 37));
	assert_false(lapic_message_is_for(&w.message, 5, 33));
	assert_false(lapic_message_is_for(&w.message, 5, 0));
	put(&w, COMMAND, 0xffffffffull << 32 | 1 << 11 | VECTOR);
	assert_true(lapic_message_is_for(&w.message, 5, 63));
	assert_int_equal(get(&w, COMMAND), 0xffffffffull << 32 | 1 << 11 | VECTOR);
	assert_int_equal(w.sent, 5);
	put(&w, COMMAND, 15);
	assert_int_equal(w.sent, 5);
	put(&w, ERRORS, 0);
	assert_int_equal(get(&w, ERRORS), 1 << 5);
	lapic_free(&w.lapic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers), cmocka_unit_test(one_shot), cmocka_unit_test(periodic),
		cmocka_unit_test(deadlines), cmocka_unit_test(commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
